"""A small web of invented news outlets, served over loopback for demos and tests (docs/newsroom.md)."""
