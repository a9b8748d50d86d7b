-- What became of the change to a runbook that an incident's post-mortem led to; it outlives the incident.
CREATE TABLE runbook_change (
  incident_id text PRIMARY KEY,
  file text NOT NULL,
  stage text NOT NULL CHECK (stage IN ('drafted', 'edited', 'withheld', 'proposed', 'failed')),
  digest text NOT NULL,
  by_whom text NOT NULL,
  at timestamptz NOT NULL,
  words text NOT NULL,
  link text
);
