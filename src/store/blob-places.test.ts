import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../oci/digest.ts";
import { temporaryStore } from "../../test/support/temporary-store.ts";

const blob = sha256("blob");
const repositoryNames = (count: number): string[] => Array.from({ length: count }, (_, at) => `team/app${at}`);

test("where a blob was seen last comes first, and hosts do not mix", async (context) => {
  const { places } = await temporaryStore(context);
  context.mock.timers.enable({ apis: ["Date"], now: 1_000 });
  places.remember({ host: "a.example", repository: "one" }, [blob]);
  context.mock.timers.tick(1);
  places.remember({ host: "a.example", repository: "two" }, [blob, sha256("other")]);
  places.remember({ host: "b.example", repository: "three" }, [blob]);
  assert.deepEqual(places.find("a.example", blob), ["two", "one"]);
  context.mock.timers.tick(1);
  places.remember({ host: "a.example", repository: "one" }, [blob]);
  assert.deepEqual(places.find("a.example", blob), ["one", "two"]);
  places.forget({ host: "a.example", repository: "one" }, blob);
  assert.deepEqual(places.find("a.example", blob), ["two"]);
  assert.deepEqual(places.find("c.example", blob), []);
});

test("only the youngest places of a blob are kept", async (context) => {
  const { places } = await temporaryStore(context);
  context.mock.timers.enable({ apis: ["Date"], now: 1_000 });
  for (const repository of repositoryNames(12)) {
    places.remember({ host: "a.example", repository }, [blob]);
    context.mock.timers.tick(1);
  }
  assert.deepEqual(places.find("a.example", blob), repositoryNames(12).slice(4).reverse());
});

test("many blobs are noted together: one that is named twice once, and none takes another's place", async (context) => {
  const { places } = await temporaryStore(context);
  const others = Array.from({ length: 20 }, (_, at) => sha256(`other ${at}`));
  context.mock.timers.enable({ apis: ["Date"], now: 1_000 });
  for (const repository of repositoryNames(9)) {
    places.remember({ host: "a.example", repository }, repository === "team/app8" ? [...others, blob, blob] : [blob]);
    context.mock.timers.tick(1);
  }
  places.remember({ host: "a.example", repository: "none" }, []);
  assert.deepEqual(places.find("a.example", blob), repositoryNames(9).slice(1).reverse());
  for (const each of others) assert.deepEqual(places.find("a.example", each), ["team/app8"]);
});

test("places of blobs that the store has no use for go with the next collection", async (context) => {
  const store = await temporaryStore(context);
  const kept = store.blobs.writeBytes(Buffer.from("kept"));
  store.places.remember({ host: "a.example", repository: "one" }, [blob, kept]);
  await store.collect();
  assert.deepEqual([store.places.find("a.example", blob), store.places.find("a.example", kept)], [[], ["one"]]);
});
