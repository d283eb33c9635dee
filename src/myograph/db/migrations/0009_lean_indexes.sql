-- A hash or a pseudonym is only ever asked for as a whole: an index of four bytes each does, where
-- one that keeps the order holds all 64 characters, once for every version of a row.

DROP INDEX therapy_sessions_hash;
CREATE INDEX therapy_sessions_hash ON therapy_sessions USING hash (file_hash) WHERE file_hash IS NOT NULL;
DROP INDEX emg_statistics_shared;
CREATE INDEX emg_statistics_shared ON emg_statistics USING hash (file_hash);
-- The newest sessions of all consenting patients come from therapy_sessions_newest; those of one
-- patient are a few dozen, sorted in no time.
DROP INDEX therapy_sessions_pseudonym;
CREATE INDEX therapy_sessions_pseudonym ON therapy_sessions USING hash (pseudonym) WHERE pseudonym IS NOT NULL;
