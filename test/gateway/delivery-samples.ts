/** The Message-ID of the mail that all these reports are about. */
export const MESSAGE_ID = '<incident-1.customers.resolved-0.acme.0123456789ab@noaserver.com>';

/**
 * Delivery status notifications in the shapes in which mail servers write them: which parts there are, how they are
 * named and in which order, and which fields each of them adds or leaves out.
 */
export function postfix(messageId = MESSAGE_ID, action = 'failed'): Buffer {
  return wire(`Return-Path: <>
Received: by mx.noaserver.com (Postfix)
	id 4XYZ1R2Qtz9s; Wed, 23 Oct 2024 15:06:11 +0000 (UTC)
Date: Wed, 23 Oct 2024 15:06:11 +0000 (UTC)
From: MAILER-DAEMON@mx.noaserver.com (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: status@noaserver.com
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="4XYZ1R2QtyXs.1729695971/mx.noaserver.com"
Message-Id: <20241023150611.4XYZ1R2Qtz9s@mx.noaserver.com>

This is a MIME-encapsulated message.

--4XYZ1R2QtyXs.1729695971/mx.noaserver.com
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.noaserver.com.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<Gone@acme.example>: host mx.acme.example[203.0.113.7] said: 550 5.1.1
    <Gone@acme.example>: Recipient address rejected: User unknown in virtual
    mailbox table (in reply to RCPT TO command)

--4XYZ1R2QtyXs.1729695971/mx.noaserver.com
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.noaserver.com
X-Postfix-Queue-ID: 4XYZ1R2QtyXs
X-Postfix-Sender: rfc822; status@noaserver.com
Arrival-Date: Wed, 23 Oct 2024 15:06:10 +0000 (UTC)

Final-Recipient: rfc822; Gone@acme.example
Original-Recipient: rfc822;Gone@acme.example
Action: ${action}
Status: ${action === 'failed' ? '5.1.1' : '4.4.1'}
Remote-MTA: dns; mx.acme.example
Diagnostic-Code: smtp; 550 5.1.1 <Gone@acme.example>: Recipient address
    rejected: User unknown in virtual mailbox table

--4XYZ1R2QtyXs.1729695971/mx.noaserver.com
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <status@noaserver.com>
Received: from worker (unknown [10.0.0.7])
	by mx.noaserver.com (Postfix) with ESMTPS id 4XYZ1R2QtyXs
	for <Gone@acme.example>; Wed, 23 Oct 2024 15:06:10 +0000 (UTC)
From: NOA Server Engineering <status@noaserver.com>
To: Gone@acme.example
Subject: Service Disruption Notification - October 23, 2024
Message-ID: ${messageId}
MIME-Version: 1.0
Content-Type: text/plain

Dear NOA Server Customer,

Message-ID: <forged-in-the-body@example.com>
--4XYZ1R2QtyXs.1729695971/mx.noaserver.com--
`);
}

export function exchange(messageId = MESSAGE_ID): Buffer {
  return wire(`Received: from AM0PR01MB0001.eurprd01.prod.exchangelabs.com (2603:10a6::1) by
 AM0PR01MB0002.eurprd01.prod.exchangelabs.com with HTTPS; Wed, 23 Oct 2024
 15:06:20 +0000
From: Microsoft Outlook
	<MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@acme.example>
To: <status@noaserver.com>
Date: Wed, 23 Oct 2024 15:06:20 +0000
Content-Type: multipart/report; report-type=delivery-status;
	boundary="_000_0a1b2c3d4e5f_"
X-MS-Exchange-Message-Is-Ndr:
Message-ID: <0a1b2c3d-4e5f-6789-abcd-ef0123456789@AM0PR01MB0002.eurprd01.prod.exchangelabs.com>
In-Reply-To: ${messageId}
References: ${messageId}
Subject: Undeliverable: Service Disruption Notification - October 23, 2024
Auto-Submitted: auto-replied
MIME-Version: 1.0

--_000_0a1b2c3d4e5f_
Content-Type: multipart/alternative;
	differences=Content-Type; boundary="_001_0a1b2c3d4e5f_"

--_001_0a1b2c3d4e5f_
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Your message to gone@acme.example couldn't be delivered.=20
gone wasn't found at acme.example.

--_001_0a1b2c3d4e5f_
Content-Type: text/html; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

<html><body><p>gone wasn't found at acme.example.</p></body></html>

--_001_0a1b2c3d4e5f_--

--_000_0a1b2c3d4e5f_
Content-Type: message/delivery-status

Reporting-MTA: dns;AM0PR01MB0001.eurprd01.prod.exchangelabs.com
Received-From-MTA: dns;mx.noaserver.com
Arrival-Date: Wed, 23 Oct 2024 15:06:19 +0000

Final-Recipient: rfc822;gone@acme.example
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient gone@acme.example not found by SMTP address lookup
X-Display-Name: gone@acme.example

--_000_0a1b2c3d4e5f_
Content-Type: message/rfc822

Received: from mx.noaserver.com (198.51.100.4) by
 AM0EUR02FT0001.mail.protection.outlook.com (10.13.54.1) with Microsoft SMTP
 Server; Wed, 23 Oct 2024 15:06:19 +0000
From: NOA Server Engineering <status@noaserver.com>
Subject: Service Disruption Notification - October 23, 2024
Message-ID:
 ${messageId}
To: gone@acme.example
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="inner"

--inner
Content-Type: text/plain

Dear NOA Server Customer,
--inner--

--_000_0a1b2c3d4e5f_--
`);
}

export function gmail(messageId = MESSAGE_ID): Buffer {
  return wire(`Return-Path: <>
Received: by 2002:a05:600c:3b8d:b0:431:5f1b:f6a with SMTP id n13csp; Wed, 23 Oct 2024 08:06:15 -0700 (PDT)
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: status@noaserver.com
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: ${messageId}
In-Reply-To: ${messageId}
X-Failed-Recipients: gone@acme.example
Message-ID: <67190f17.050a0220.1.GMR@mx.google.com>
Date: Wed, 23 Oct 2024 08:06:15 -0700 (PDT)
MIME-Version: 1.0
Content-Type: multipart/report; boundary="000000000000aa"; report-type=delivery-status

--000000000000aa
Content-Type: multipart/related; boundary="000000000000bb"

--000000000000bb
Content-Type: text/plain; charset="UTF-8"

** Address not found **

Your message wasn't delivered to gone@acme.example because the address couldn't be found.

--000000000000bb
Content-Type: image/png; name="icon.png"
Content-Disposition: attachment; filename="icon.png"
Content-Transfer-Encoding: base64
Content-ID: <icon.png>

iVBORw0KGgo=
--000000000000bb--
--000000000000aa
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.com
Received-From-MTA: dns; status@noaserver.com
Arrival-Date: Wed, 23 Oct 2024 08:06:14 -0700 (PDT)
X-Original-Message-ID: ${messageId}

Final-Recipient: rfc822; gone@acme.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; gmail-smtp-in.l.google.com. (142.250.102.26, the server for the domain acme.example.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
 550-5.1.1 double-checking the recipient's email address for typos or
 550 5.1.1 unnecessary spaces. ffacd0b85a97d - gsmtp
Last-Attempt-Date: Wed, 23 Oct 2024 08:06:15 -0700 (PDT)

--000000000000aa--
`);
}

/** Of a mailbox that somebody answers from: no report, whatever its subject says. */
export function outOfOffice(): Buffer {
  return wire(`From: Gone <gone@acme.example>
To: status@noaserver.com
Subject: Automatic reply: Undelivered Mail Returned to Sender
In-Reply-To: ${MESSAGE_ID}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: text/plain

I am away until Monday.
`);
}

function wire(text: string): Buffer {
  return Buffer.from(text.replace(/\n/g, '\r\n'));
}
