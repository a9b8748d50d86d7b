import { describe, expect, it } from 'vitest';
import { mailServerOf } from '../../../src/activities/email/smtp-url.ts';

describe('SMTP_URL', () => {
  it.each([
    ['smtp://mail.example.com', { port: 587, secure: false, auth: null, requireTls: false }],
    ['smtps://mail.example.com', { port: 465, secure: true }],
    ['smtp://mail.example.com:25', { port: 25 }],
    ['smtp://me%40x:p%3Aw@mail.example.com', { auth: { user: 'me@x', pass: 'p:w' }, requireTls: true }],
    ['smtp://me:pw@127.0.0.1:2525', { host: '127.0.0.1', requireTls: false }],
    ['smtp://me:pw@relay.internal?requireTLS=false', { requireTls: false }],
    ['smtp://relay.internal?requireTLS=true', { auth: null, requireTls: true }],
  ])('%s', (url, expected) => {
    expect(mailServerOf(url)).toMatchObject(expected);
  });
});
