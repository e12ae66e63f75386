"""The ways a call comes in: govai's own `generate`, and the clients people already have. SDKs are imported only inside."""
