-- mail_ledger remembers whatever is done to systems that cannot be asked, or that know no key, not mails alone.
-- put_down_at: whoever began it has ended without knowing what came of it, so that nobody is at it any more.
-- ref: what the other side calls what was made.
ALTER TABLE mail_ledger ADD COLUMN put_down_at timestamptz;
ALTER TABLE mail_ledger ADD COLUMN ref text;
