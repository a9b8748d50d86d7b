-- One row for each incident that was ever resolved or closed: what statistics and "seen before?" are made of. Computed
-- from the timeline (domain/measures.ts); a length is NULL unless its status is 'recorded'.
CREATE TABLE incident_measure (
  incident_id text PRIMARY KEY,
  title text NOT NULL,
  service text NOT NULL,
  severity text NOT NULL,
  opened_at timestamptz NOT NULL,
  resolved_at timestamptz,
  closed_as text,
  cause text,
  cause_names text[] NOT NULL,
  cause_words text,
  alert_names text[] NOT NULL,
  fix text,
  acknowledge_status text NOT NULL,
  acknowledge_seconds double precision,
  mitigate_status text NOT NULL,
  mitigate_seconds double precision,
  resolve_status text NOT NULL,
  resolve_seconds double precision,
  promises_kept integer NOT NULL,
  promises_late integer NOT NULL,
  promises_missed integer NOT NULL,
  relapses integer NOT NULL
);
CREATE INDEX incident_measure_by_time ON incident_measure (opened_at DESC);
CREATE INDEX incident_measure_by_cause ON incident_measure (cause, opened_at DESC);

-- The engine's own history of a closed incident, as it exports it, gzipped in the evidence store; NULL until fetched.
ALTER TABLE closed_incident ADD COLUMN history_digest text;
