import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { findProgram } from "./find-program.ts";
import { freePort } from "./free-port.ts";
import { testCertificate } from "./test-certificate.ts";

const PROGRAM = findProgram("slapd") ?? "/usr/sbin/slapd";

/** The reason to skip a test that needs OpenLDAP's server, or false when it is there. */
export const slapdMissing: string | false = spawnSync(PROGRAM, ["-VV"]).error ? "needs slapd" : false;

export const SERVICE = { dn: "cn=registry,dc=test", password: "service secret" };
/** Who may change everything. */
export const OWNER = { dn: "cn=owner,dc=test", password: "owner secret" };

const ENTRIES = `dn: dc=test
objectClass: dcObject
objectClass: organization
o: test
dc: test

dn: ${SERVICE.dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: registry
userPassword: ${SERVICE.password}

dn: ou=people,dc=test
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=test
objectClass: organizationalUnit
ou: groups
`;

export interface Slapd {
  /** `ldap://127.0.0.1:PORT` */
  readonly url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** A directory of one test: people below `ou=people,dc=test` by uid with their passwords, groups below `ou=groups,dc=test` by cn with uids. */
export async function startSlapd(context: TestContext, content: { people: Readonly<Record<string, string>>; groups: Readonly<Record<string, readonly string[]>> }): Promise<Slapd> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-slapd-"));
  mkdirSync(join(folder, "db"));
  const dnOf = (uid: string): string => `uid=${uid},ou=people,dc=test`;
  const people = Object.entries(content.people).map(([uid, password]) => `\ndn: ${dnOf(uid)}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\nuserPassword: ${password}\n`);
  const groups = Object.entries(content.groups).map(([name, members]) => `\ndn: cn=${name},ou=groups,dc=test\nobjectClass: groupOfNames\ncn: ${name}\n${members.map((uid) => `member: ${dnOf(uid)}\n`).join("")}`);
  writeFileSync(join(folder, "entries.ldif"), `${ENTRIES}${people.join("")}${groups.join("")}`);
  writeFileSync(join(folder, "server.crt"), testCertificate.cert);
  writeFileSync(join(folder, "server.key"), testCertificate.key);
  const config = join(folder, "slapd.conf");
  writeFileSync(config, `${["core", "cosine", "inetorgperson"].map((name) => `include /etc/ldap/schema/${name}.schema\n`).join("")}modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile ${join(folder, "server.crt")}
TLSCertificateKeyFile ${join(folder, "server.key")}
disallow bind_anon
database mdb
suffix "dc=test"
rootdn "${OWNER.dn}"
rootpw "${OWNER.password}"
directory ${join(folder, "db")}
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${SERVICE.dn}" read by * none
`);
  const added = spawnSync(PROGRAM, ["-T", "add", "-f", config, "-l", join(folder, "entries.ldif")], { encoding: "utf8" });
  if (added.status !== 0) throw new Error(`slapadd failed: ${added.stderr}`);
  const url = `ldap://127.0.0.1:${await freePort()}`;
  let stop = async (): Promise<void> => undefined;
  const start = async (): Promise<void> => {
    const child = spawn(PROGRAM, ["-f", config, "-h", url, "-d", "0"], { stdio: "ignore" });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    stop = async () => {
      child.kill("SIGKILL");
      await ended;
    };
    for (let attempt = 0; !(await accepts(Number(new URL(url).port))); attempt += 1) {
      if (child.exitCode !== null || attempt > 400) throw new Error("slapd did not start");
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  };
  context.after(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await start();
  return { url, start, stop: () => stop() };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket.end() !== undefined));
    socket.once("error", () => resolve(false));
  });
}
