import { expect, it } from 'vitest';
import { usersWords } from '../../src/domain/gather-facts.ts';

it('says plainly how many users are affected, also when it is none or all of them (R0.5)', () => {
  expect([0, 0.004, 0.31, 1].map(usersWords)).toEqual([
    'no user has most of their requests failing',
    '0.4% of users have most of their requests failing',
    '31% of users have most of their requests failing',
    'most requests of every user fail',
  ]);
});
