-- What people looked at and did by the quick reference, with or without an incident; only ever added to.
CREATE TABLE audit (
  key text PRIMARY KEY,
  at timestamptz NOT NULL,
  person text NOT NULL,
  via text NOT NULL,
  what text NOT NULL,
  incident_id text,
  words text NOT NULL
);
CREATE INDEX audit_by_time ON audit (at DESC);
