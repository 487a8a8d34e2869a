"""Sarhad: from a news page to a ledger of Iran-Pakistan security incidents, a quote behind every value."""
