"""Wiring only: settings, addresses, checks, the embedded database, the dashboard and the demo."""
