-- The public status page of our own: what it shows, and who is told of changes by mail.
CREATE TABLE status_incident (
  id text PRIMARY KEY,
  incident_id text NOT NULL,
  name text NOT NULL,
  status text NOT NULL,
  impact text NOT NULL,
  components jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  resolved_at timestamptz
);
CREATE INDEX status_incident_by_time ON status_incident (created_at DESC);
CREATE INDEX status_incident_by_incident ON status_incident (incident_id, created_at DESC);

-- `key` is the publication's own: the same one again is the same update.
CREATE TABLE status_update (
  key text PRIMARY KEY,
  status_incident_id text NOT NULL REFERENCES status_incident (id),
  position integer NOT NULL,
  status text NOT NULL,
  body text NOT NULL,
  at timestamptz NOT NULL,
  UNIQUE (status_incident_id, position)
);

-- A subscription counts once the address has confirmed it; that token is only known by its SHA-256. The other one only
-- stops mails, and stands in each of them.
CREATE TABLE status_subscriber (
  email text PRIMARY KEY,
  token_sha256 text NOT NULL,
  unsubscribe_token text NOT NULL,
  requested_at timestamptz NOT NULL,
  confirmed_at timestamptz
);

-- Mails that are still to go out: written in the transaction that makes them due, taken by a worker.
CREATE TABLE status_mail (
  key text PRIMARY KEY,
  recipient text NOT NULL,
  subject text NOT NULL,
  body text NOT NULL,
  due_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  sent_at timestamptz,
  given_up_at timestamptz
);
CREATE INDEX status_mail_due ON status_mail (due_at) WHERE sent_at IS NULL AND given_up_at IS NULL;
