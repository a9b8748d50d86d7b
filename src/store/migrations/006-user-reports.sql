-- What people report by themselves (R1.7): a report belongs to one verification, and a verification to one service at a time.
CREATE TABLE verification (
  id text PRIMARY KEY,
  service text NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'settled')),
  opened_at timestamptz NOT NULL,
  settled_at timestamptz,
  confirmed boolean,
  -- The incident it was declared as, or joined.
  incident_id text,
  words text
);
-- What stops two gateways from looking into one problem twice.
CREATE UNIQUE INDEX verification_open ON verification (service) WHERE state <> 'settled';
CREATE TABLE user_report (
  -- Source and its own id of the message or ticket, so that a repeat is recognised.
  id text PRIMARY KEY,
  verification_id text NOT NULL REFERENCES verification (id),
  report jsonb NOT NULL,
  received_at timestamptz NOT NULL,
  repeats integer NOT NULL DEFAULT 0
);
CREATE INDEX user_report_by_verification ON user_report (verification_id, received_at);
