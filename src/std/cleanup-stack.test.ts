import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import { AsyncCleanupStack, CleanupStack } from "./cleanup-stack.ts";

/** Things that say when they end; those named "bad…" fail then. */
function things(): { readonly ended: string[]; thing(name: string): Disposable; later(name: string): AsyncDisposable } {
  const ended: string[] = [];
  const end = (name: string): void => {
    ended.push(name);
    if (name.startsWith("bad")) throw new Error(name);
  };
  return {
    ended,
    thing: (name) => ({ [Symbol.dispose]: () => end(name) }),
    later: (name) => ({
      async [Symbol.asyncDispose]() {
        ended.push(`begin ${name}`);
        await turn();
        end(name);
      },
    }),
  };
}

test("what is in a stack ends with its block, the last first, and once", () => {
  const { ended, thing } = things();
  const first = thing("first");
  const stack = new CleanupStack();
  {
    using _same = stack;
    assert.equal(stack.use(first), first);
    stack.defer(() => void ended.push("deferred"));
    assert.deepEqual(ended, []);
  }
  stack[Symbol.dispose]();
  assert.deepEqual(ended, ["deferred", "first"]);
  assert.throws(() => stack.use(first), ReferenceError);
  assert.throws(() => stack.move(), ReferenceError);
});

test("one end waits for the other", async () => {
  const { ended, thing, later } = things();
  {
    await using stack = new AsyncCleanupStack();
    stack.use(later("first"));
    stack.defer(async () => {
      await turn();
      ended.push("deferred");
    });
    stack.use(thing("plain"));
    stack.defer(() => void ended.push("at once"));
    stack.use(later("last"));
  }
  assert.deepEqual(ended, ["begin last", "last", "at once", "plain", "deferred", "begin first", "first"]);
});

test("what was moved ends with the other stack", async () => {
  const { ended, thing, later } = things();
  let [kept, keptLater]: [CleanupStack?, AsyncCleanupStack?] = [];
  {
    using stack = new CleanupStack();
    await using other = new AsyncCleanupStack();
    stack.use(thing("one"));
    other.use(later("two"));
    [kept, keptLater] = [stack.move(), other.move()];
    assert.throws(() => stack.use(thing("late")), ReferenceError);
    assert.throws(() => other.use(later("late")), ReferenceError);
  }
  assert.deepEqual(ended, []);
  kept[Symbol.dispose]();
  await keptLater[Symbol.asyncDispose]();
  assert.deepEqual(ended, ["one", "begin two", "two"]);
});

test("an end that fails keeps no other from coming, and no error is lost", async () => {
  const { ended, thing, later } = things();
  const one = new CleanupStack();
  for (const name of ["bad one", "good", "bad two"]) one.use(thing(name));
  assert.throws(() => one[Symbol.dispose](), (error: SuppressedError) => {
    assert.deepEqual([error.name, error.error.message, error.suppressed.message], ["SuppressedError", "bad one", "bad two"]);
    return true;
  });
  assert.deepEqual(ended.splice(0), ["bad two", "good", "bad one"]);

  const other = new AsyncCleanupStack();
  for (const name of ["good", "bad"]) other.use(later(name));
  await assert.rejects(async () => {
    await using _same = other;
    throw new Error("of the block");
  }, (error: SuppressedError) => {
    assert.deepEqual([error.name, error.error.message, error.suppressed.message], ["SuppressedError", "bad", "of the block"]);
    return true;
  });
  assert.deepEqual(ended, ["begin bad", "bad", "begin good", "good"]);
});

test("very many things end, too", async () => {
  let ended = 0;
  const [one, other] = [new CleanupStack(), new AsyncCleanupStack()];
  for (let count = 0; count < 20_000; count += 1) {
    one.defer(() => void (ended += 1));
    other.defer(() => void (ended += 1));
  }
  one[Symbol.dispose]();
  await other[Symbol.asyncDispose]();
  assert.equal(ended, 40_000);
});
