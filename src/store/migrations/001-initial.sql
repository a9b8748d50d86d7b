-- The incidents that intake has opened. Temporal owns what happens in them; this is who holds which correlation key.
CREATE TABLE incident (
  id text PRIMARY KEY,
  title text NOT NULL,
  service text NOT NULL,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'resolved', 'closed')),
  detected_at timestamptz NOT NULL,
  opened_at timestamptz NOT NULL,
  resolved_at timestamptz,
  closed_at timestamptz,
  closed_as text,
  merged_into text,
  previous_id text REFERENCES incident (id),
  -- Of the newest timeline event that changed the status: an older one that arrives late changes nothing.
  status_seq integer NOT NULL DEFAULT 0,
  first_alert jsonb NOT NULL
);
CREATE INDEX incident_by_status ON incident (status, opened_at DESC);

-- One holder for each correlation key: the primary key is what stops two gateways from opening two incidents.
CREATE TABLE correlation_key (
  key text PRIMARY KEY,
  incident_id text NOT NULL REFERENCES incident (id)
);
CREATE INDEX correlation_key_by_incident ON correlation_key (incident_id);

-- Alert messages in the order they were taken; `id` is that order.
CREATE TABLE inbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident_id text REFERENCES incident (id),
  fingerprint text NOT NULL,
  -- As the source wrote it, so that a repeat is recognised whatever was clamped.
  starts_at text NOT NULL,
  status text NOT NULL CHECK (status IN ('firing', 'resolved')),
  -- Counts how often the same message opened an incident anew after the earlier one's key had been given up.
  episode integer NOT NULL DEFAULT 1,
  state text NOT NULL CHECK (state IN ('pending', 'forwarded', 'ignored')),
  reason text,
  alert jsonb NOT NULL,
  repeats integer NOT NULL DEFAULT 0,
  received_at timestamptz NOT NULL,
  last_received_at timestamptz NOT NULL,
  forwarded_at timestamptz,
  UNIQUE (fingerprint, starts_at, status, episode)
);
CREATE INDEX inbox_pending ON inbox (incident_id, id) WHERE state = 'pending';
CREATE INDEX inbox_by_incident ON inbox (incident_id, id);

-- The projection: what lists and pages read. Rebuilt from Temporal at any time.
CREATE TABLE timeline_event (
  incident_id text NOT NULL,
  seq integer NOT NULL,
  at timestamptz NOT NULL,
  kind text NOT NULL,
  event jsonb NOT NULL,
  PRIMARY KEY (incident_id, seq)
);
CREATE TABLE incident_facts (
  incident_id text PRIMARY KEY,
  last_seq integer NOT NULL,
  facts jsonb NOT NULL,
  updated_at timestamptz NOT NULL
);

CREATE TABLE evidence (
  digest text PRIMARY KEY,
  media_type text NOT NULL,
  size_bytes integer NOT NULL,
  body bytea NOT NULL,
  stored_at timestamptz NOT NULL
);

CREATE TABLE mail_ledger (
  key text PRIMARY KEY,
  message_id text NOT NULL,
  begun_at timestamptz NOT NULL,
  sent_at timestamptz
);

CREATE TABLE claim (
  resource text PRIMARY KEY,
  holder text NOT NULL,
  claimed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);

-- The authoritative copy of timelines, in segments chained by digest.
CREATE TABLE timeline_segment (
  incident_id text NOT NULL,
  first_seq integer NOT NULL,
  last_seq integer NOT NULL,
  digest text NOT NULL,
  previous_digest text,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (incident_id, first_seq)
);
CREATE TABLE closed_incident (
  incident_id text PRIMARY KEY,
  facts jsonb NOT NULL,
  closed_as text NOT NULL,
  closed_at timestamptz NOT NULL,
  last_seq integer NOT NULL,
  digest text NOT NULL
);
