import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { chromium, type Browser, type Page } from "playwright-core";
import { mediaType } from "../../src/oci/media-type.ts";
import { startCodeProvider } from "../support/code-provider.ts";
import { findProgram } from "../support/find-program.ts";
import { basic, guardedRegistry } from "../support/guarded-registry.ts";
import { CLIENT } from "../support/oidc-provider.ts";
import { PAGES_USERS, pagesRegistry } from "../support/pages-registry.ts";
import { described, digestOf, imageManifest } from "../support/scratch-registry.ts";

const root = join(import.meta.dirname, "../..");
const program = findProgram("chromium");
const skip = program === undefined ? "chromium is not installed" : false;
/** Where pictures go that somebody wants to look at; none are taken without it. */
const pictures = process.env["PAGES_PICTURES"];
const PATIENCE = 15_000;
let browser: Browser | undefined;

before(async () => {
  if (program === undefined) return;
  execFileSync(process.execPath, [join(root, "scripts/web.cjs")], { stdio: "inherit" });
  browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"], timeout: 60_000 });
});
after(() => browser?.close());

/** The pages in a browser of their own; whatever they complain about fails the test. */
async function open(context: TestContext, options: { colorScheme?: "light" | "dark"; locale?: string } = {}) {
  const { server } = await pagesRegistry(context);
  return { server, ...(await openPage(context, options)), address: `http://127.0.0.1:${server.port}` };
}

async function openPage(context: TestContext, options: { colorScheme?: "light" | "dark"; locale?: string }) {
  const tab = await browser!.newContext({ locale: "en-US", colorScheme: "light", viewport: { width: 1180, height: 860 }, ...options });
  context.after(() => tab.close());
  await tab.route(/^https:/, (route) => route.abort()); // the page of a provider wants fonts from elsewhere; ours may not
  const page = await tab.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => void (message.type() === "error" && !message.location().url.startsWith("https:") && !/status of 40[134]/.test(message.text()) && complaints.push(message.text())));
  return { page, complaints };
}

/** A registry whose people come from a provider; alice is one of its own. */
async function registryWithProvider(context: TestContext, more = "") {
  const provider = await startCodeProvider(context);
  const { server } = await guardedRegistry(context, {
    users: PAGES_USERS, more,
    access: `oidc: {issuer: "${provider.issuer}", clientId: ${CLIENT.id}, clientSecret: ${CLIENT.secret}}\ngrants: [{who: group:core, role: reader, repositories: prod/*}]`,
  });
  const address = `http://127.0.0.1:${server.port}`;
  await provider.open(address);
  return { provider, server, address };
}

async function logIn(page: Page, user: keyof typeof PAGES_USERS): Promise<void> {
  await page.getByRole("link", { name: "Log in" }).first().click();
  await page.getByLabel("User name").fill(user);
  await page.getByLabel("Password").fill(PAGES_USERS[user]);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.locator(".user", { hasText: user }).waitFor();
}

async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

const heading = (page: Page, text: string): Promise<void> => page.getByRole("heading", { level: 1, name: text, exact: true }).waitFor();

test("somebody finds an image: login, search, tags, layers, platforms, comparison", { skip }, async (context) => {
  const { page, complaints, address } = await open(context);
  let [bytes, first] = [0, true];
  page.on("response", (response) => void (first && response.body().then((body) => (bytes += body.length), () => undefined)));
  await page.goto(address);
  assert.equal(page.url(), `${address}/ui/`);
  await page.getByRole("link", { name: "public/base" }).waitFor();
  first = false;
  assert.ok(bytes > 10_000 && bytes < 100_000, `the first page has ${bytes} bytes`);

  await page.getByRole("link", { name: "Log in" }).click();
  await page.locator("input[name=user]:focus").fill("alice");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("the user name or the password is wrong").waitFor();
  await picture(page, "login");
  await logIn(page, "alice");
  await page.getByRole("link", { name: "prod/shop" }).waitFor();
  await picture(page, "repositories");

  await page.getByRole("searchbox").fill("app");
  await page.getByRole("link", { name: "prod/shop" }).waitFor({ state: "detached" });
  await page.getByRole("searchbox").fill("nonesuch");
  await page.getByRole("heading", { name: "No repository has nonesuch in its name" }).waitFor();
  await picture(page, "empty");
  await page.getByRole("button", { name: "All repositories" }).click();

  await page.getByRole("link", { name: "team/app" }).click();
  await heading(page, "team/app");
  const tags = (): Promise<string[]> => page.locator("td .name").allTextContents();
  await page.getByRole("row", { name: /1\.10\.0/ }).waitFor();
  assert.deepEqual(await tags(), ["multi", "latest", "1.10.0", "1.3.0", "1.2.0", "1.1.0", "1.0.0"]);
  await page.getByRole("link", { name: "Version", exact: true }).click();
  await page.locator("tr:first-child .name", { hasText: "1.10.0" }).waitFor();
  assert.deepEqual(await tags(), ["1.10.0", "1.3.0", "1.2.0", "1.1.0", "1.0.0", "latest", "multi"]);
  await page.getByRole("checkbox", { name: "Choose 1.2.0 for a comparison" }).check();
  await page.getByRole("checkbox", { name: "Choose 1.3.0 for a comparison" }).check();
  await picture(page, "tags");
  await page.getByRole("link", { name: "Compare: 1.2.0 → 1.3.0" }).click();
  await heading(page, "1.2.0 → 1.3.0");
  await page.getByRole("row", { name: /Env VERSION 1\.2\.0 1\.3\.0/ }).waitFor();
  assert.deepEqual([await page.locator("tr.in-both").count(), await page.locator("tr.in-to").count(), await page.locator("tr.in-from").count()], [2, 1, 1]);
  await picture(page, "diff");

  await page.getByRole("link", { name: "team/app", exact: true }).click();
  await page.getByRole("link", { name: "latest", exact: true }).click();
  await page.getByText("application/vnd.example.signature").waitFor();
  await page.locator("code", { hasText: `docker pull 127.0.0.1` }).waitFor();
  await picture(page, "image");
  await page.getByRole("link", { name: "application/vnd.example.signature" }).click();
  await page.locator("code", { hasText: /^oras pull 127\.0\.0\.1:\d+\/team\/app@sha256:/ }).waitFor();
  await page.goBack();
  await page.locator("code", { hasText: `docker pull 127.0.0.1` }).waitFor();
  await page.goBack();
  await page.getByRole("link", { name: "multi", exact: true }).click();
  await page.getByRole("link", { name: "linux/arm64" }).click();
  await page.getByRole("definition").filter({ hasText: /^linux\/arm64$/ }).waitFor();
  await page.goto(`${address}/ui/#/tags?repository=no/such`);
  await page.getByText("the registry has no such repository").waitFor();
  await picture(page, "missing");
  assert.deepEqual(complaints, []);
});

test("somebody keeps order: plan, trash, audit, storage, rights; in the dark", { skip }, async (context) => {
  const { page, complaints, address, server } = await open(context, { colorScheme: "dark" });
  await page.goto(`${address}/ui/`);
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  await logIn(page, "alice");
  await page.getByRole("link", { name: "Retention" }).click();
  await page.getByRole("row", { name: /^1\.1\.0 goes nothing in last-3-versions keeps it/ }).waitFor();
  await picture(page, "retention-dark");
  await page.getByRole("button", { name: "Delete 3 tags" }).click();
  await page.getByText("Delete 3 tags of team/app? They can be restored for 7 days.").waitFor();
  const focused = (): Promise<unknown> => page.evaluate("document.activeElement.textContent");
  assert.equal(await focused(), "Cancel", "Enter once more deletes nothing");
  await page.keyboard.press("Escape");
  await page.getByRole("alertdialog").waitFor({ state: "detached" });
  assert.equal(await focused(), "Delete 3 tags");
  await page.keyboard.press("Enter");
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete 3 tags" }).click();
  await page.getByText("3 tags are deleted.").waitFor();

  await page.goto(`${address}/ui/#/image?repository=prod/shop&reference=v1`);
  await page.getByText("It lacks the signature that the registry demands: readers do not get it.").waitFor();
  await picture(page, "unsigned-dark");
  await page.getByRole("navigation").getByRole("link", { name: "Trash" }).click();
  await page.getByRole("button", { name: "Restore team/app:1.1.0" }).click();
  await page.getByText("team/app:1.1.0 is back.").waitFor();
  await picture(page, "trash-dark");
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("row", { name: /tag\.restore team\/app:1\.1\.0/ }).waitFor();
  await page.getByRole("row", { name: /tag\.delete \S+ nothing in last-3-versions keeps it team\/app:1\.1\.0/ }).waitFor();
  await picture(page, "audit-dark");
  await page.getByRole("link", { name: "Storage" }).click();
  await page.getByRole("img", { name: "Repositories by size" }).waitFor();
  assert.equal(await page.locator("svg rect").count(), 3);
  await picture(page, "usage-dark");
  await page.getByRole("link", { name: "Access" }).click();
  await page.getByLabel("Repository").fill("prod/shop");
  await page.getByLabel("Who (yourself when empty)").fill("bob");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText("user bob may not push to prod/shop: has rights in other repositories only").waitFor();
  await picture(page, "access-dark");
  await page.getByRole("banner").getByRole("link", { name: "alice" }).click();
  const robots = page.getByRole("region", { name: "Robots" });
  await robots.getByLabel("Name").fill("ci");
  await robots.getByLabel("Role").selectOption("writer");
  await robots.getByLabel("Repositories").fill("team/** prod/*");
  await robots.getByRole("button", { name: "Create robot" }).click();
  await robots.getByText("This secret is shown only now. The user name with it is robot$ci.").waitFor();
  const secret = await robots.locator("code", { hasText: /^sampan_robot_/ }).textContent();
  const login = async (): Promise<number> => (await server.request("GET", "/v2/", { headers: { authorization: basic("robot$ci", secret!) } })).status;
  assert.equal(await login(), 200);
  await robots.getByRole("row", { name: /^ci robot\$ci writer team\/\*\* prod\/\*/ }).waitFor();
  await picture(page, "tokens-dark");
  await robots.getByRole("button", { name: "Disable ci" }).click();
  await robots.getByRole("button", { name: "Enable ci" }).waitFor();
  assert.equal(await login(), 401);
  await robots.getByRole("button", { name: "Remove ci" }).click();
  await robots.getByRole("button", { name: "Remove ci for good" }).click();
  await robots.getByText("None yet.").waitFor();
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("row", { name: /robot\.disable ci alice/ }).waitFor();
  await page.getByRole("button", { name: "Light" }).click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "light");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("banner").getByRole("link", { name: "Log in" }).waitFor();
  assert.deepEqual(complaints, []);
});

test("the pages speak Chinese, and need no mouse", { skip }, async (context) => {
  const { page, complaints, address } = await open(context, { locale: "zh-CN" });
  await page.goto(`${address}/ui/`);
  await heading(page, "仓库");
  assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
  await picture(page, "repositories-chinese");
  await page.goto(`${address}/ui/#/access?repository=public/base`);
  await page.getByText("任何人都可以在 public/base 中拉取：").waitFor();
  await page.getByText("未登录者不能在 public/base 中推送：请先登录").waitFor();
  await page.goto(`${address}/ui/#/image?repository=public/base&reference=none`);
  await page.getByText("仓库中没有这个镜像").waitFor();
  await page.goto(`${address}/ui/#/`);
  await heading(page, "仓库");
  await page.getByRole("button", { name: "English" }).click();
  await heading(page, "Repositories");
  await page.getByRole("link", { name: "public/base" }).waitFor();

  await page.keyboard.press("/");
  const searched = page.waitForResponse(/[?&]search=base/);
  await page.keyboard.type("base");
  await page.keyboard.press("Tab");
  await searched; // what comes while somebody is in the list does not take the focus from them
  assert.equal(await page.evaluate("document.activeElement.textContent"), "public/base");
  await page.keyboard.press("Enter");
  await heading(page, "public/base");
  await page.getByRole("link", { name: "1", exact: true }).waitFor();
  assert.equal(await page.evaluate("document.activeElement.id"), "main");
  // On a telephone nothing reaches beyond the edge.
  await page.setViewportSize({ width: 390, height: 780 });
  assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 390);
  assert.deepEqual(complaints, []);
});

test("somebody logs in at their identity provider, with its groups, and out again", { skip }, async (context) => {
  const { provider, server, address } = await registryWithProvider(context);
  const { page, complaints } = await openPage(context, {});
  await page.goto(`${address}/ui/#/tags?repository=prod/shop`);
  await page.getByRole("alert").getByRole("link", { name: "Log in" }).click();
  await picture(page, "login-provider");
  await page.getByRole("link", { name: `Log in with ${new URL(provider.issuer).host}` }).click();
  await page.getByPlaceholder("Enter any login").fill("carol");
  await page.getByPlaceholder("and password").fill("whatever");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.locator(".user", { hasText: "carol" }).waitFor();
  assert.equal(page.url(), `${address}/ui/#/tags?repository=prod/shop`);
  await page.getByText("the registry has no such repository").waitFor(); // her group may see what is there
  const cookies = (await page.context().cookies(`${address}/api/v1/oidc/`)).filter(({ name }) => name.startsWith("sampan")).map(({ name, path, httpOnly, sameSite, secure }) => ({ name, path, httpOnly, sameSite, secure }));
  assert.deepEqual(cookies, [{ name: "sampan-session", path: "/api/v1/", httpOnly: true, sameSite: "Strict", secure: false }]);
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("banner").getByRole("link", { name: "Log in" }).waitFor();
  // Whose name is another user's here is not let in.
  await page.context().clearCookies();
  await page.goto(`${address}/api/v1/oidc/login`);
  await page.getByPlaceholder("Enter any login").fill("alice");
  await page.getByPlaceholder("and password").fill("whatever");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("The provider did not let you in").waitFor();
  assert.deepEqual([complaints, provider.errors, server.problems], [[], [], []]);
});

test("an answer of a provider is good only in the browser that asked for it, and once", async (context) => {
  const { server, address } = await registryWithProvider(context, `externalUrl: https://registry.example.com\n`);
  const begun = await server.request("GET", "/api/v1/oidc/login?back=https://evil");
  const asked = new URL(begun.headers.location!);
  assert.deepEqual([begun.status, asked.searchParams.get("redirect_uri"), asked.searchParams.get("code_challenge_method")], [302, "https://registry.example.com/api/v1/oidc/callback", "S256"]);
  const [whole = ""] = begun.headers["set-cookie"]!;
  assert.match(whole, /^sampan-login=[\w-]+; Path=\/api\/v1\/oidc\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/);
  const cookie = whole.split(";")[0]!;
  const back = async (query: string, headers: Record<string, string> = { cookie }) => {
    const answer = await server.request("GET", `/api/v1/oidc/callback?${query}`, { headers });
    return [answer.headers.location, answer.headers["set-cookie"]?.filter((each) => !each.startsWith("sampan-login=;"))];
  };
  const state = asked.searchParams.get("state")!;
  assert.deepEqual(await back(`state=${state}&code=x`, {}), ["/ui/#/login?failed=late", []]);
  assert.deepEqual(await back("state=other&code=x"), ["/ui/#/login?failed=late", []]);
  assert.deepEqual(await back(`state=${state}&code=x`, { cookie: "sampan-login=bm9uZQ" }), ["/ui/#/login?failed=late", []]);
  const forged = Buffer.from(JSON.stringify({ state, nonce: "n", verifier: "v", back: "#/\r\nset-cookie: a=b" })).toString("base64url");
  assert.deepEqual(await back(`state=${state}&code=x`, { cookie: `sampan-login=${forged}` }), ["/ui/#/login?failed=late", []]);
  assert.deepEqual(await back(`state=${state}&error=access_denied`), ["/ui/#/login?failed=refused", []]);
  assert.deepEqual(await back(`state=${state}&code=unknown`), ["/ui/#/login?failed=refused", []]);
  assert.deepEqual(await back(`state=${state}&code=x&iss=https://evil`), ["/ui/#/login?failed=refused", []]);
  assert.equal((await server.request("GET", "/api/v1/oidc/login", { headers: { host: "evil.example.com/x" } })).status, 302, `the address that is configured counts, not ${address}`);
});

test("files of the pages are cached for ever, the first is asked for each time, and nothing else is served", { skip }, async (context) => {
  const { server } = await pagesRegistry(context);
  const first = await server.request("GET", "/ui/");
  assert.deepEqual([first.status, first.headers["cache-control"], first.headers["content-type"]], [200, "no-cache", "text/html; charset=utf-8"]);
  assert.match(String(first.headers["content-security-policy"]), /default-src 'none'; script-src 'self'; style-src 'self'/);
  const [, script] = /src="(\/ui\/assets\/[^"]+\.js)"/.exec(first.body.toString())!;
  const asset = await server.request("GET", script!);
  assert.deepEqual([asset.status, asset.headers["cache-control"]], [200, "public, max-age=31536000, immutable"]);
  assert.equal((await server.request("HEAD", script!)).body.length, 0);
  for (const path of ["/ui/../package.json", "/ui/%2e%2e/package.json", "/ui/assets/..%2f..%2f..%2fpackage.json", "/ui/assets/", "/ui/none.html", "/ui/assets/none.js", "/ui/x.json"]) {
    assert.equal((await server.request("GET", path)).status, 404, path);
  }
  assert.equal((await server.request("POST", "/ui/")).status, 405);
  assert.equal((await server.request("GET", "/", { headers: { accept: "text/html" } })).headers.location, "/ui/");
  assert.equal((await server.request("GET", "/")).status, 404);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`what fails in a replication, and which grant decides, is said in Chinese too; ${colorScheme}`, { skip }, async (context) => {
    const { server } = await guardedRegistry(context, {
      users: PAGES_USERS,
      access: "groups: {core: [alice]}\ngrants:\n  - {who: group:core, role: admin, repositories: \"**\"}\n  - {who: [bob, \"robot:ci\"], role: writer, repositories: [team/**, prod/*]}\n  - {who: anonymous, role: reader, repositories: public/**}",
      more: "replication:\n  - {to: \"http://127.0.0.1:1\", repositories: team/**}\n  - {from: \"http://127.0.0.1:1\", repositories: prod/*}\n",
    });
    const headers = { authorization: basic("alice", PAGES_USERS.alice) };
    const content = "x".repeat(40_000);
    assert.equal((await server.request("POST", `/v2/team/app/blobs/uploads/?digest=${digestOf(content)}`, { headers, body: content })).status, 201);
    const body = JSON.stringify(imageManifest({ config: described(digestOf(content), content.length, mediaType.ociConfig), layers: [] }));
    assert.equal((await server.request("PUT", "/v2/team/app/manifests/1.0.0", { headers: { ...headers, "content-type": mediaType.ociManifest }, body })).status, 201);
    const { page, complaints } = await openPage(context, { locale: "zh-CN", colorScheme });
    await page.goto(`http://127.0.0.1:${server.port}`);
    await page.getByRole("link", { name: "登录" }).first().click();
    await page.getByLabel("用户名").fill("alice");
    await page.getByLabel("密码").fill(PAGES_USERS.alice);
    await page.getByRole("button", { name: "登录" }).click();
    await page.locator(".user", { hasText: "alice" }).waitFor();
    const problems = async (): Promise<readonly string[]> => {
      await page.goto(`http://127.0.0.1:${server.port}/ui/#/usage`);
      await page.reload();
      await page.getByRole("heading", { level: 2, name: "同步复制" }).waitFor();
      return page.locator(".problem").allTextContents();
    };
    for (let attempt = 0; (await problems()).length < 2; attempt += 1) assert.ok(attempt < 50, "both fail");
    assert.deepEqual((await problems()).toSorted(), ["team/app:1.0.0: 无法连接镜像仓库 127.0.0.1:1：那里没有服务（连接被拒绝）", "仓库列表: 无法连接镜像仓库 127.0.0.1:1：那里没有服务（连接被拒绝）"]);
    await picture(page, `replication-zh-${colorScheme}`);
    const reasons = async (user: string): Promise<string> => {
      await page.goto(`http://127.0.0.1:${server.port}/ui/#/access?repository=team/app&user=${user}`);
      await page.getByRole("heading", { level: 2, name: user || "alice" }).waitFor();
      await picture(page, `access-zh-${user || "alice"}-${colorScheme}`);
      return (await page.locator("td.step").allTextContents()).join("\n");
    };
    assert.match(await reasons("bob"), /用户 bob 可以在 team\/app 中推送：team\/\*\*, prod\/\* 的 writer 角色（用户 bob、机器人 ci）\n/);
    assert.match(await reasons("bob"), /用户 bob 不能在 team\/app 中管理：仅有 team\/\*\*, prod\/\* 的 writer 角色（用户 bob、机器人 ci）/);
    assert.match(await reasons(""), /用户 alice 可以在 team\/app 中拉取：\*\* 的 admin 角色（组 core）\n/);
    assert.deepEqual(complaints, []);
  });
}
