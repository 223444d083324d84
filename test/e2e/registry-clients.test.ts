import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Cargo, OWN } from "../support/cargo.ts";
import { startContainerd } from "../support/containerd.ts";
import { containersStorage, foreign, needs } from "../support/foreign.ts";
import { guardedConfig } from "../support/guarded-registry.ts";
import { MATRIX_CLIENTS } from "../support/matrix/matrix-clients.ts";
import { matrixSetting, type MatrixSetting } from "../support/matrix/matrix-setting.ts";
import { startRegistryProcess } from "../support/registry-process.ts";
import { scratchSampan } from "../support/run-sampan.ts";

/**
 * Stock clients against one `sampan registry serve` with users: what they do without a login in a public repository, and with
 * one: log in, push, pull, copy, delete, attach, sign, verify.
 */
const login = { username: "boatman", password: "pass word:1" };
const ACCESS = `grants:
  - {who: user:boatman, role: maintainer, repositories: "**"}
  - {who: anonymous, role: reader, repositories: "public/**"}`;
const skip = needs();

describe("sampan registry serve with users", { skip }, () => {
  test("stock clients push, pull, copy, delete, attach, sign and verify", async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "sampan-clients-"));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const { config } = guardedConfig(context, { users: { [login.username]: login.password }, access: ACCESS });
    const { address: host } = await startRegistryProcess(context, join(folder, "registry"), "--config", config);
    const known = matrixSetting(context, { host, login });
    const stranger = matrixSetting(context, { host });
    const layoutOf = (name: string): string => {
      const cargo = new Cargo();
      const image = cargo.image(OWN, name);
      mkdirSync(join(folder, name));
      return cargo.layout(join(folder, name), [{ ...image, annotations: { "org.opencontainers.image.ref.name": "1" } }]);
    };
    /** Digest of a tag as the registry tells it; undefined when there is none. */
    const digestOf = async (name: string): Promise<string | undefined> => {
      const [repository, tag] = name.slice(host.length + 1).split(":");
      const answer = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, { method: "HEAD", headers: { authorization: basicLogin, accept: "*/*" } });
      return answer.headers.get("docker-content-digest") ?? undefined;
    };
    const verbs = clientVerbs(known);

    for (const [name, client] of Object.entries(MATRIX_CLIENTS)) {
      await context.test(`${name}, without a login and with one`, { skip: client.skip }, async () => {
        const layout = layoutOf(name);
        const at = (repository: string): string => `${host}/${repository}/${name}:1`;
        const shown = await client.push(known, layout, at("public"));
        assert.equal(await digestOf(at("public")), shown);
        assert.equal(await client.pull(stranger, at("public")), shown, "pulled by a stranger");
        const digest = await client.push(known, layout, at("team"));
        // podman tells what it has pushed, not what it pulls, of an image that it has already.
        assert.equal(await client.pull(name === "podman" ? matrixSetting(context, { host, login }) : known, at("team")), digest);
        await assert.rejects(client.pull(stranger, at("team")), /unauthorized|authentication required|denied|401|access/i, "a stranger pulls nothing private");
        await assert.rejects(client.push(stranger, layoutOf(`strange-${name}`), at("public")), /unauthorized|authentication required|denied|401|access|log in first/i, "a stranger pushes nothing");
        assert.equal(await digestOf(at("public")), shown);
        const more = verbs[name];
        if (!more) return;
        const copied = `${host}/other/${name}:2`;
        await more.copy(at("team"), copied);
        assert.equal(await digestOf(copied), digest, "copied");
        await more.remove(copied, digest);
        assert.equal(await digestOf(copied), undefined, "deleted");
        assert.equal(await digestOf(at("team")), digest, "and nothing else");
      });
    }

    await context.test("sampan pulls with a login what others pushed", { skip: needs("skopeo") }, async (sub) => {
      const { sampan } = scratchSampan(sub);
      assert.notEqual((await sampan(["pull", `${host}/team/skopeo:1`], { env: stranger.env })).status, 0);
      const pulled = await sampan(["pull", `${host}/team/skopeo:1`], { env: known.env });
      assert.equal(pulled.status, 0, pulled.stderr);
      assert.match(pulled.stdout, new RegExp((await digestOf(`${host}/team/skopeo:1`))!));
    });

    await context.test("their own login commands take the right password and no other", async (sub) => {
      for (const [name, words] of Object.entries(LOGINS)) {
        await sub.test(name, { skip: needs(name) }, async () => {
          const home = mkdtempSync(join(folder, "home-"));
          const env = { HOME: home, XDG_CONFIG_HOME: join(home, ".config"), DOCKER_CONFIG: join(home, ".docker"), REGISTRY_AUTH_FILE: join(home, "auth.json"), REGCTL_CONFIG: join(home, "regctl.json"), HELM_REGISTRY_CONFIG: join(home, "helm.json") };
          const attempt = (password: string): Promise<string> => foreign(name, words(login.username, password, host), { env });
          if (!KEEPS_ANY.includes(name)) await assert.rejects(attempt("guess"), /unauthorized|incorrect|invalid username|denied|401|wrong/i);
          await attempt(login.password);
        });
      }
    });

    await context.test("buildah", { skip: needs("buildah") }, async (sub) => {
      const { buildah } = containersStorage(sub);
      const id = (await buildah("from", "--quiet", "scratch")).trim();
      const creds = `${login.username}:${login.password}`;
      await buildah("config", "--label", "by=buildah", id);
      await buildah("commit", "--quiet", "--rm", id, "built");
      const digestFile = join(folder, "buildah-digest");
      await buildah("push", "--quiet", "--tls-verify=false", "--creds", creds, "--digestfile", digestFile, "built", `docker://${host}/team/buildah:1`);
      assert.equal(await digestOf(`${host}/team/buildah:1`), readFileSync(digestFile, "utf8").trim());
      await buildah("rmi", "built");
      await buildah("pull", "--quiet", "--tls-verify=false", "--creds", creds, `${host}/team/buildah:1`);
      await buildah("rmi", `${host}/team/buildah:1`);
      await assert.rejects(buildah("pull", "--quiet", "--tls-verify=false", `${host}/team/buildah:1`), /unauthorized|authentication required|denied/);
    });

    await context.test("containerd (ctr)", { skip: needs("containerd", "ctr") }, async (sub) => {
      const { ctr, hosts } = await startContainerd(sub, host);
      const creds = ["--user", `${login.username}:${login.password}`];
      const [ours, theirs] = [`${host}/public/skopeo:1`, `${host}/team/containerd:1`];
      await foreign("tar", ["-C", layoutOf("containerd"), "-cf", join(folder, "containerd.tar"), "."]);
      await ctr("images", "import", "--no-unpack", "--base-name", `${host}/team/containerd`, join(folder, "containerd.tar"));
      await assert.rejects(ctr("images", "push", "--hosts-dir", hosts, theirs), /unauthorized|authorization failed|denied|401/i);
      await ctr("images", "push", "--hosts-dir", hosts, ...creds, theirs);
      const pushed = await digestOf(theirs);
      assert.ok(pushed);
      await ctr("images", "rm", "--sync", theirs);
      await assert.rejects(ctr("images", "pull", "--hosts-dir", hosts, "--snapshotter", "native", theirs), /unauthorized|authorization failed|denied|401/i);
      await ctr("images", "pull", "--hosts-dir", hosts, "--snapshotter", "native", ...creds, theirs);
      assert.match(await ctr("images", "ls"), new RegExp(pushed));
      if ((await digestOf(ours)) !== undefined) await ctr("images", "pull", "--hosts-dir", hosts, "--snapshotter", "native", ours);
    });

    await context.test("oras attaches, and discovers it again", { skip: needs("oras") }, async () => {
      const subject = `${host}/team/oras:1`;
      writeFileSync(join(folder, "report.txt"), "all is well");
      await foreign("oras", ["attach", "--plain-http", "--artifact-type", "text/report", subject, "report.txt:text/plain"], { ...known, cwd: folder });
      assert.match(await foreign("oras", ["discover", "--plain-http", "--format", "json", subject], known), /text\/report/);
    });

    await context.test("regctl attaches, and lists it again", { skip: needs("regctl") }, async () => {
      const subject = `${host}/team/regctl:1`;
      await foreign("regctl", ["artifact", "put", "--artifact-type", "text/report", "--file", join(folder, "report.txt"), "--subject", subject], known);
      assert.match(await foreign("regctl", ["artifact", "list", subject], known), /text\/report/);
    });

    await context.test("cosign signs and attests; the right key verifies it, and another one does not", { skip: needs("cosign") }, async () => {
      const env = { ...known.env, COSIGN_PASSWORD: "", SIGSTORE_NO_CACHE: "1" };
      const cosign = (...words: string[]): Promise<string> => foreign("cosign", words, { cwd: folder, env });
      const image = `${host}/team/signed`;
      const digest = await MATRIX_CLIENTS["skopeo"]!.push(known, layoutOf("signed"), `${image}:1`);
      const plain = ["--allow-http-registry", "--allow-insecure-registry"];
      await cosign("generate-key-pair", "--output-key-prefix", "right");
      await cosign("generate-key-pair", "--output-key-prefix", "wrong");
      await cosign("sign", "--yes", "--key", "right.key", "--tlog-upload=false", "--use-signing-config=false", ...plain, `${image}@${digest}`);
      assert.match(await cosign("verify", "--key", "right.pub", "--insecure-ignore-tlog", ...plain, `${image}@${digest}`), new RegExp(digest));
      await assert.rejects(cosign("verify", "--key", "wrong.pub", "--insecure-ignore-tlog", ...plain, `${image}@${digest}`));
      writeFileSync(join(folder, "statement.json"), JSON.stringify({ built: "here" }));
      await cosign("attest", "--yes", "--key", "right.key", "--tlog-upload=false", "--use-signing-config=false", "--type", "custom", "--predicate", "statement.json", ...plain, `${image}@${digest}`);
      await cosign("verify-attestation", "--key", "right.pub", "--insecure-ignore-tlog", "--type", "custom", ...plain, `${image}@${digest}`);
      await cosign("attach", "sbom", "--sbom", "statement.json", ...plain, `${image}@${digest}`);
      assert.match(await cosign("download", "sbom", ...plain, `${image}@${digest}`), /"built":"here"/);
    });

    await context.test("notation signs and lists it; the right certificate verifies it, and another one does not", { skip: needs("notation") }, async () => {
      const image = `${host}/team/notation`;
      const digest = await MATRIX_CLIENTS["skopeo"]!.push(known, layoutOf("notation"), `${image}:1`);
      const notationOf = (name: string): ((...words: string[]) => Promise<string>) => {
        const home = mkdtempSync(join(folder, "notation-"));
        const policy = { name, registryScopes: ["*"], signatureVerification: { level: "strict" }, trustStores: [`ca:${name}`], trustedIdentities: ["*"] };
        mkdirSync(join(home, "notation"));
        writeFileSync(join(home, "notation/trustpolicy.json"), JSON.stringify({ version: "1.0", trustPolicies: [policy] }));
        return (...words) => foreign("notation", words, { env: { ...known.env, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home } });
      };
      const [right, wrong] = [notationOf("right.test"), notationOf("wrong.test")];
      await right("cert", "generate-test", "--default", "right.test");
      await wrong("cert", "generate-test", "--default", "wrong.test");
      const account = ["--insecure-registry", "--username", login.username, "--password", login.password];
      await assert.rejects(right("sign", "--insecure-registry", "--username", login.username, "--password", "guess", `${image}@${digest}`), /unauthorized|401|denied/i);
      await right("sign", ...account, `${image}@${digest}`);
      assert.match(await right("ls", ...account, `${image}@${digest}`), /application\/vnd\.cncf\.notary\.signature\s+└── sha256:/);
      await right("verify", ...account, `${image}@${digest}`);
      await assert.rejects(wrong("verify", ...account, `${image}@${digest}`), /not produced by a trusted signer|signature verification failed/i);
    });

    await context.test("helm pushes a chart and pulls it", { skip: needs("helm") }, async () => {
      const home = mkdtempSync(join(folder, "helm-"));
      const env = { HOME: home, HELM_REGISTRY_CONFIG: join(home, "registry.json"), HELM_CACHE_HOME: join(home, "cache"), HELM_CONFIG_HOME: join(home, "config"), HELM_DATA_HOME: join(home, "data"), DOCKER_CONFIG: home };
      const helm = (...words: string[]): Promise<string> => foreign("helm", words, { cwd: home, env });
      mkdirSync(join(home, "boat/templates"), { recursive: true });
      mkdirSync(join(home, "back"));
      writeFileSync(join(home, "boat/Chart.yaml"), "apiVersion: v2\nname: boat\nversion: 1.2.3+4\ndescription: A boat\n");
      writeFileSync(join(home, "boat/templates/note.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: boat}\n");
      await helm("package", "boat");
      await assert.rejects(helm("push", "boat-1.2.3+4.tgz", `oci://${host}/team/charts`, "--plain-http"), /unauthorized|denied|401|basic credential/i);
      await helm("registry", "login", "--plain-http", "-u", login.username, "-p", login.password, host);
      await helm("push", "boat-1.2.3+4.tgz", `oci://${host}/public/charts`, "--plain-http");
      await helm("registry", "logout", host);
      assert.match(await helm("show", "chart", `oci://${host}/public/charts/boat`, "--plain-http"), /version: 1\.2\.3\+4/);
      await helm("pull", `oci://${host}/public/charts/boat`, "--version", "1.2.3+4", "--plain-http", "-d", join(home, "back"));
      assert.deepEqual(readFileSync(join(home, "back/boat-1.2.3+4.tgz")), readFileSync(join(home, "boat-1.2.3+4.tgz")));
    });
  });
});

const basicLogin = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;

/** The words of each client's own login. */
const LOGINS: Readonly<Record<string, (user: string, password: string, host: string) => string[]>> = {
  skopeo: (user, password, host) => ["login", "--tls-verify=false", "-u", user, "-p", password, host],
  podman: (user, password, host) => ["login", "--tls-verify=false", "-u", user, "-p", password, host],
  buildah: (user, password, host) => ["login", "--tls-verify=false", "-u", user, "-p", password, host],
  crane: (user, password, host) => ["auth", "login", "-u", user, "-p", password, host],
  regctl: (user, password, host) => ["--host", `reg=${host},tls=disabled`, "registry", "login", "-u", user, "-p", password, host],
  oras: (user, password, host) => ["login", "--plain-http", "-u", user, "-p", password, host],
  cosign: (user, password, host) => ["login", "-u", user, "-p", password, host],
  helm: (user, password, host) => ["registry", "login", "--plain-http", "-u", user, "-p", password, host],
};

/** They write down whatever they are told, and ask no registry. */
const KEEPS_ANY = ["crane", "cosign"];

interface MoreVerbs {
  readonly copy: (from: string, to: string) => Promise<unknown>;
  readonly remove: (name: string, digest: string) => Promise<unknown>;
}

/** Copies and deletions, of clients that have words for them. */
function clientVerbs(known: MatrixSetting): Readonly<Record<string, MoreVerbs>> {
  const byDigest = (name: string, digest: string): string => `${name.replace(/:[^:/]*$/, "")}@${digest}`;
  return {
    skopeo: {
      copy: (from, to) => foreign("skopeo", ["copy", "--src-tls-verify=false", "--dest-tls-verify=false", `docker://${from}`, `docker://${to}`], known),
      remove: (name) => foreign("skopeo", ["delete", "--tls-verify=false", `docker://${name}`], known),
    },
    crane: {
      copy: (from, to) => foreign("crane", ["copy", from, to], known),
      remove: (name, digest) => foreign("crane", ["delete", byDigest(name, digest)], known),
    },
    regctl: {
      copy: (from, to) => foreign("regctl", ["image", "copy", from, to], known),
      remove: (name) => foreign("regctl", ["tag", "delete", name], known),
    },
    oras: {
      copy: (from, to) => foreign("oras", ["copy", "--from-plain-http", "--to-plain-http", from, to], known),
      remove: (name, digest) => foreign("oras", ["manifest", "delete", "--plain-http", "--force", byDigest(name, digest)], known),
    },
  };
}
