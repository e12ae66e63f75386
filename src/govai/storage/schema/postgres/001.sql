CREATE TABLE records(
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, chain text NOT NULL, seq bigint NOT NULL,
    id text NOT NULL UNIQUE, time text NOT NULL, kind text NOT NULL, call_id text NOT NULL, intent_id text NOT NULL,
    purpose text NOT NULL, hash text NOT NULL, bytes bytea NOT NULL, UNIQUE(chain, seq));
CREATE UNIQUE INDEX one_outcome ON records(intent_id) WHERE kind='outcome';
CREATE INDEX records_by_call ON records(call_id);
CREATE INDEX records_by_kind ON records(kind, position) WHERE kind NOT IN ('intent','outcome');
CREATE TABLE heads(chain text PRIMARY KEY, seq bigint NOT NULL, hash text NOT NULL);
CREATE TABLE open_intents(
    intent_id text PRIMARY KEY, chain text NOT NULL, call_id text NOT NULL, purpose text NOT NULL);
CREATE TABLE writers(chain text PRIMARY KEY, alive_until double precision NOT NULL);
CREATE TABLE cursors(sink text PRIMARY KEY, position bigint NOT NULL);
CREATE TABLE tickets(
    id text PRIMARY KEY, fingerprint text NOT NULL, status text NOT NULL, created double precision NOT NULL,
    expires double precision NOT NULL, claimed double precision NOT NULL DEFAULT 0, kept bytea NOT NULL, envelope bytea);
CREATE INDEX tickets_by_call ON tickets(fingerprint, created);
CREATE INDEX tickets_by_status ON tickets(status, expires);
CREATE TABLE kept_replies(fingerprint text PRIMARY KEY, expires double precision NOT NULL, payload bytea);
CREATE INDEX replies_by_expiry ON kept_replies(expires) WHERE payload IS NOT NULL;
