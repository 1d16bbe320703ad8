"""What comes back: webhook events, messages, conversations and opt-outs."""
