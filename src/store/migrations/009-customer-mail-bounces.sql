-- Reports of mails that came back name the Message-ID and nothing else that is ours.
CREATE INDEX customer_mail_recipient_message ON customer_mail_recipient (message_id) WHERE message_id IS NOT NULL;
