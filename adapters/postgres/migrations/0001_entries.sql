-- One row for each entry. By hand:
--   psql -v entries='"otp_entries"' -v migrations='"otp_entries_migrations"' -1 -f 0001_entries.sql
-- A table that is there already, a partitioned one say, is kept.

-- No index on forget_after, and room in every page: a swap then stays within its page and touches no index.
-- With the index swaps cost half as much again in WAL, and a purge in batches is no faster.
CREATE TABLE IF NOT EXISTS :entries (
    name bytea NOT NULL PRIMARY KEY CHECK (octet_length(name) = 16),
    value bytea NOT NULL CHECK (octet_length(value) BETWEEN 33 AND 16384),
    forget_after bigint NOT NULL -- milliseconds since 1970-01-01T00:00:00Z
) WITH (fillfactor = 80);

-- Values are encrypted: compressing them costs time and saves nothing. Uncompressed, the version can be read
-- out of a long value without fetching all of it.
ALTER TABLE :entries ALTER COLUMN value SET STORAGE EXTERNAL;

CREATE TABLE IF NOT EXISTS :migrations (version integer NOT NULL PRIMARY KEY);
INSERT INTO :migrations (version) VALUES (1);
