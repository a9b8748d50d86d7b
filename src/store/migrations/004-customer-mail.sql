-- One mail to the customers of an incident: first the text that is asked about, then whom it goes to, one row each.
CREATE TABLE customer_mail (
  incident_id text NOT NULL,
  edition text NOT NULL,
  subject text NOT NULL,
  body_text text NOT NULL,
  body_html text NOT NULL,
  digest text NOT NULL,
  prepared_at timestamptz NOT NULL,
  PRIMARY KEY (incident_id, edition)
);
-- begun: handed to the mail server, and nobody wrote down how that ended. refused: the server will not take it for good.
CREATE TABLE customer_mail_recipient (
  incident_id text NOT NULL,
  edition text NOT NULL,
  customer_id text NOT NULL,
  email text NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'begun', 'sent', 'refused', 'bounced')),
  tries integer NOT NULL DEFAULT 0,
  message_id text,
  words text,
  begun_at timestamptz,
  ended_at timestamptz,
  PRIMARY KEY (incident_id, edition, customer_id),
  FOREIGN KEY (incident_id, edition) REFERENCES customer_mail (incident_id, edition)
);
CREATE INDEX customer_mail_recipient_open ON customer_mail_recipient (incident_id, edition, customer_id)
  WHERE state IN ('waiting', 'begun');
