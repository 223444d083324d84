import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveUser, UserNotFound } from "./user.ts";

const passwd = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:a:/home/app:/bin/sh\n\nbroken\nhuge:x:99999999999:1::/x:/bin/sh\nnohome:x:8:9\n2000:x:5:6::/named:/bin/sh\n";
const group = "root:x:0:app\nstaff:x:50:other,app\napp:x:1001:\n60:x:61:\n";
const resolve = (user: string) => resolveUser(user, passwd, group);

test("no user is root without supplementary groups, with root's home", () => {
  assert.deepEqual(resolve(""), { uid: 0, gid: 0, groups: [0], home: "/root" });
  assert.deepEqual(resolveUser("", "", ""), { uid: 0, gid: 0, groups: [0], home: "/" });
});

test("a name has the group, groups and home of its files", () => {
  assert.deepEqual(resolve("app"), { uid: 1000, gid: 1001, groups: [1001, 0, 50], home: "/home/app" });
  assert.deepEqual(resolve("1000"), resolve("app"));
  assert.deepEqual(resolve("nohome"), { uid: 8, gid: 9, groups: [9], home: "/" });
});

test("a group that is given takes the place of all others", () => {
  assert.deepEqual(resolve("app:staff"), { uid: 1000, gid: 50, groups: [50], home: "/home/app" });
  assert.deepEqual(resolve("app:4000").gid, 4000);
  assert.deepEqual(resolve("4000:staff").gid, 50);
});

test("numbers need no files, and a lone one belongs to group 0", () => {
  assert.deepEqual(resolveUser("12:34", "", ""), { uid: 12, gid: 34, groups: [34], home: "/" });
  assert.deepEqual(resolveUser("12", "", ""), { uid: 12, gid: 0, groups: [0], home: "/" });
  assert.deepEqual(resolveUser("root:root", "", ""), { uid: 0, gid: 0, groups: [0], home: "/" });
});

test("names that look like numbers are names first", () => {
  assert.equal(resolve("2000").uid, 5);
  assert.equal(resolve("app:60").gid, 61);
});

test("unknown names and numbers that are none are refused", () => {
  for (const user of ["nobody", "app:nogroup", "huge2", "2147483648", "-1", "1.5", "99999999999"]) {
    assert.throws(() => resolve(user), (error) => error instanceof UserNotFound && error.user === user, user);
  }
});
