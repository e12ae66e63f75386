"""The system of record: append-only, hash-chained, durable before anything leaves. It knows records, not calls."""
