ALTER TABLE cursors ADD COLUMN holder TEXT NOT NULL DEFAULT '';
ALTER TABLE cursors ADD COLUMN alive_until REAL NOT NULL DEFAULT 0;
ALTER TABLE cursors ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cursors ADD COLUMN error TEXT NOT NULL DEFAULT '';
ALTER TABLE cursors ADD COLUMN since TEXT NOT NULL DEFAULT '';
CREATE TRIGGER letter_anew BEFORE INSERT ON dead_letters BEGIN
    DELETE FROM dead_letters WHERE sink=new.sink AND position=new.position;
END;
-- What records name of earlier ones (derived_from, fetches, batch) and of tickets, to be walked the other way.
CREATE TABLE links(parent TEXT NOT NULL, child TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY(parent, child, kind))
    WITHOUT ROWID;
INSERT OR IGNORE INTO links SELECT value, id, name FROM (
    SELECT r.id, n.name, json_extract(CASE WHEN json_valid(CAST(r.bytes AS TEXT)) THEN CAST(r.bytes AS TEXT) ELSE '{}' END,
        '$.body.' || n.name) AS value
    FROM records r, (SELECT 'fetches' AS name UNION ALL SELECT 'batch' UNION ALL SELECT 'ticket') n)
    WHERE typeof(value)='text' AND value<>'';
