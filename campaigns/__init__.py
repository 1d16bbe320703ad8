"""What we send, to whom and when: accounts, agents, triggers, campaigns and sends."""
