"""Servers on loopback that speak the protocols of news archives in full shape: paging, limits, errors."""
