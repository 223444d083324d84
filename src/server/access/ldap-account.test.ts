import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "ldapts";
import { idOf, isLocked, personOf } from "./ldap-account.ts";

const dn = "uid=carol,ou=people,dc=test";

test("an entry that got the name of another one, or another password, is another user", () => {
  const entries: readonly Entry[] = [
    { dn }, { dn, entryUUID: "1" }, { dn, entryUUID: "2" }, { dn, entryuuid: "2", pwdChangedTime: "20240101000000Z" }, { dn, entryUUID: "2", pwdChangedTime: "20250101000000Z" },
    { dn, objectGUID: Buffer.from([0xff, 1]), pwdLastSet: "1" }, { dn, objectGUID: Buffer.from([0xfe, 1]), pwdLastSet: "1" }, { dn, objectGUID: Buffer.from([0xfe, 1]), pwdLastSet: "2" },
  ];
  const ids = entries.map(idOf);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(idOf({ dn, entryUUID: [], uid: "carol" }), dn);
});

test("an entry that was moved, or has another password, is the same person; one that was made anew is another", () => {
  const same: readonly Entry[] = [{ dn, entryUUID: "1" }, { dn: "uid=carol,ou=moved,dc=test", entryuuid: "1" }, { dn, entryUUID: "1", pwdChangedTime: "20240101000000Z", createTimestamp: "20230101000000Z" }];
  assert.equal(new Set(same.map(personOf)).size, 1);
  const others: readonly Entry[] = [
    { dn, entryUUID: "1" }, { dn, entryUUID: "2" }, { dn, objectGUID: Buffer.from([0xff, 1]) }, { dn, objectGUID: Buffer.from([0xfe, 1]) }, { dn, nsUniqueId: "1" },
    { dn }, { dn, createTimestamp: "20230101000000Z" }, { dn, createTimestamp: "20240101000000Z" }, { dn, whenCreated: "20240101000000.0Z" }, { dn: "uid=carol,ou=moved,dc=test" },
  ];
  assert.equal(new Set(others.map(personOf)).size, others.length);
});

test("accounts that were switched off are locked; those that wait after wrong passwords are not", () => {
  const locked: readonly Partial<Entry>[] = [{ userAccountControl: "514" }, { pwdAccountLockedTime: "000001010000Z" }, { nsaccountlock: "TRUE" }, { nsAccountLock: ["true"] }];
  for (const entry of locked) assert.ok(isLocked({ ...entry, dn } as Entry), JSON.stringify(entry));
  const open: readonly Partial<Entry>[] = [{}, { userAccountControl: "512" }, { pwdAccountLockedTime: "20240101000000Z" }, { nsAccountLock: "false" }, { nsAccountLock: [] }];
  for (const entry of open) assert.ok(!isLocked({ ...entry, dn } as Entry), JSON.stringify(entry));
});
