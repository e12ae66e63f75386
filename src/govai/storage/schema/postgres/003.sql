ALTER TABLE cursors ADD COLUMN holder text NOT NULL DEFAULT '';
ALTER TABLE cursors ADD COLUMN alive_until double precision NOT NULL DEFAULT 0;
ALTER TABLE cursors ADD COLUMN tries bigint NOT NULL DEFAULT 0;
ALTER TABLE cursors ADD COLUMN error text NOT NULL DEFAULT '';
ALTER TABLE cursors ADD COLUMN since text NOT NULL DEFAULT '';
CREATE FUNCTION letter_anew() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$ BEGIN
    DELETE FROM dead_letters WHERE sink=NEW.sink AND position=NEW.position;
    RETURN NEW;
END $$;
CREATE TRIGGER letter_anew BEFORE INSERT ON dead_letters FOR EACH ROW EXECUTE FUNCTION letter_anew();
