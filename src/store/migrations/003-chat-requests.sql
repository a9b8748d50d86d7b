-- What people said in chat, kept before chat is answered (its three seconds) and until its outcome has been told.
CREATE TABLE chat_request (
  -- The chat's own id of what was done, so that its retries are one request.
  id text PRIMARY KEY,
  request jsonb NOT NULL,
  -- Incident time of receipt: the decision counts as made then, however late it is handed over.
  received_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done')),
  outcome text,
  -- Wall clock of the database: until then one gateway works on it; a crash frees it by passing.
  held_until timestamptz,
  tries integer NOT NULL DEFAULT 0
);
CREATE INDEX chat_request_pending ON chat_request (received_at) WHERE state = 'pending';
