/** Whom a process runs as. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, the first one `gid` itself: a process may not leave its group's denials behind (containerd's ensureAdditionalGids). */
  readonly groups: readonly number[];
  readonly home: string;
}

export class UserNotFound extends Error {
  readonly user: string;
  constructor(user: string, message: string) {
    super(message);
    this.user = user;
  }
}

/** The user namespace does not know the user's ids. */
export class UserNotMapped extends Error {
  readonly user: string;
  constructor(user: string) {
    super(`the ids of ${user} are not mapped`);
    this.user = user;
  }
}

/** The kernel's ids end at 2³²−2, those of Docker's tools at 2³¹−1. */
const LARGEST = 2 ** 31 - 1;

/**
 * Resolves a USER value, `""`, `uid[:gid]` or `name[:group]`, by the texts of /etc/passwd and /etc/group;
 * the rules are those of BuildKit (executor/oci/user.go) and moby/sys/user's GetExecUser.
 * @throws UserNotFound
 */
export function resolveUser(user: string, passwd: string, group: string): ProcessUser {
  const [userPart = "", groupPart = ""] = splitOnce(user);
  const people = parsePasswd(passwd);
  const uidGiven = numeric(userPart);
  const person = userPart === ""
    ? people.find(({ uid }) => uid === 0)
    : people.find(({ name, uid }) => name === userPart || uid === uidGiven);
  const uid = userPart === "" ? 0 : person?.uid ?? uidGiven ?? (userPart === "root" ? 0 : undefined);
  if (uid === undefined) throw new UserNotFound(user, `user ${userPart}: ${whyNot(userPart, "passwd")}`);
  const home = person?.home || "/";

  if (groupPart !== "") {
    const gidGiven = numeric(groupPart);
    const found = parseGroups(group).find(({ name, gid }) => name === groupPart || gid === gidGiven);
    const gid = found?.gid ?? gidGiven ?? (groupPart === "root" ? 0 : undefined);
    if (gid === undefined) throw new UserNotFound(user, `group ${groupPart}: ${whyNot(groupPart, "group")}`);
    return { uid, gid, groups: [gid], home };
  }
  const named = userPart === "" ? undefined : person;
  const groups = named ? parseGroups(group).filter(({ members }) => members.includes(named.name)).map(({ gid }) => gid) : [];
  const gid = userPart === "" ? 0 : person?.gid ?? 0;
  return { uid, gid, groups: [gid, ...groups.filter((other) => other !== gid)], home };
}

/** In the words of docker, which its users look for. */
function whyNot(part: string, file: "passwd" | "group"): string {
  return /^\d+$/.test(part) ? `uids and gids must be in range 0-${LARGEST}` : `no matching entries in ${file} file`;
}

function splitOnce(text: string): [string, string?] {
  const at = text.indexOf(":");
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function numeric(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value <= LARGEST ? value : undefined;
}

function parsePasswd(text: string): { name: string; uid: number; gid: number; home: string }[] {
  return lines(text).flatMap((fields) => {
    const [name = "", , uidText = "", gidText = "", , home = ""] = fields;
    const uid = numeric(uidText);
    const gid = numeric(gidText);
    return name === "" || uid === undefined ? [] : [{ name, uid, gid: gid ?? 0, home }];
  });
}

function parseGroups(text: string): { name: string; gid: number; members: string[] }[] {
  return lines(text).flatMap(([name = "", , gidText = "", members = ""]) => {
    const gid = numeric(gidText);
    return name === "" || gid === undefined ? [] : [{ name, gid, members: members.split(",") }];
  });
}

function lines(text: string): string[][] {
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => line.trim().split(":"));
}
