-- The envelope's sender of each mail, where each has its own, and its recipient: reports that name no Message-ID name these.
ALTER TABLE customer_mail_recipient ADD COLUMN bounce_to text;
CREATE INDEX customer_mail_recipient_bounce ON customer_mail_recipient (bounce_to) WHERE bounce_to IS NOT NULL;
CREATE INDEX customer_mail_recipient_email ON customer_mail_recipient (lower(email), begun_at) WHERE begun_at IS NOT NULL;
