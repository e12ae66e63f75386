DROP TABLE IF EXISTS outcomes;
CREATE UNIQUE INDEX one_outcome ON records(intent_id) WHERE kind='outcome';
CREATE INDEX records_by_call ON records(call_id);
CREATE INDEX records_by_kind ON records(kind, position) WHERE kind NOT IN ('intent','outcome');
CREATE TABLE subjects(ref TEXT NOT NULL, lookup TEXT NOT NULL, PRIMARY KEY(lookup, ref)) WITHOUT ROWID;
CREATE INDEX subjects_by_ref ON subjects(ref);
CREATE TABLE uses(subject TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY(subject, record)) WITHOUT ROWID;
CREATE TABLE restrictions(lookup TEXT PRIMARY KEY, time TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE subject_keys(subject TEXT PRIMARY KEY, key BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE contents(record TEXT PRIMARY KEY, time TEXT NOT NULL, purpose TEXT NOT NULL, box BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE holdings(subject TEXT NOT NULL, what TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY(subject, what, name))
    WITHOUT ROWID;
CREATE INDEX holdings_by_name ON holdings(name, what);
CREATE INDEX contents_by_time ON contents(time, record);
CREATE TABLE legal_holds(id TEXT PRIMARY KEY, time TEXT NOT NULL, scope BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE epochs(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO epochs VALUES('subjects', 0);
CREATE TABLE purging(reason TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE dead_letters(
    sink TEXT NOT NULL, position INTEGER NOT NULL, record TEXT NOT NULL, error TEXT NOT NULL, tries INTEGER NOT NULL,
    time TEXT NOT NULL, PRIMARY KEY(sink, position)) WITHOUT ROWID;
INSERT OR IGNORE INTO uses
    SELECT j.value, r.id FROM records r, json_each(CASE WHEN json_valid(CAST(r.bytes AS TEXT))
        THEN CAST(r.bytes AS TEXT) ELSE '{}' END, '$.body.subjects') j WHERE typeof(j.value)='text';
INSERT OR IGNORE INTO subjects SELECT DISTINCT subject, substr(subject, 3) FROM uses;
CREATE TRIGGER record_noted AFTER INSERT ON records BEGIN
    INSERT OR REPLACE INTO heads VALUES(new.chain, new.seq, new.hash);
END;
CREATE TRIGGER intent_opened AFTER INSERT ON records WHEN new.kind='intent' BEGIN
    INSERT INTO open_intents VALUES(new.id, new.chain, new.call_id, new.purpose);
END;
CREATE TRIGGER intent_ended AFTER INSERT ON records WHEN new.kind='outcome' BEGIN
    DELETE FROM open_intents WHERE intent_id=new.intent_id;
END;
CREATE TRIGGER records_stay BEFORE UPDATE ON records
WHEN NOT (new.bytes=x'' AND new.position=old.position AND new.chain=old.chain AND new.seq=old.seq AND new.id=old.id
    AND new.time=old.time AND new.kind=old.kind AND new.call_id=old.call_id AND new.intent_id=old.intent_id
    AND new.purpose=old.purpose AND new.hash=old.hash AND EXISTS(SELECT 1 FROM purging)) BEGIN
    SELECT RAISE(ABORT, 'records of a ledger are append-only');
END;
CREATE TRIGGER records_are_kept BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'records of a ledger are append-only'); END;
CREATE TRIGGER writer_anew BEFORE INSERT ON writers BEGIN DELETE FROM writers WHERE chain=new.chain; END;
CREATE TRIGGER writer_gone AFTER INSERT ON writers WHEN new.alive_until<=0 BEGIN
    DELETE FROM writers WHERE chain=new.chain;
END;
CREATE TRIGGER cursor_anew BEFORE INSERT ON cursors BEGIN DELETE FROM cursors WHERE sink=new.sink; END;
