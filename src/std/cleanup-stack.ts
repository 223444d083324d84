/**
 * What ends with a block, the last first, as the platform's `DisposableStack` and `AsyncDisposableStack` have it, which Node 22 does not
 * know. (`using` itself is compiled.) Where several ends fail, the errors come as a `SuppressedError`, as with several `using`.
 */
export class CleanupStack implements Disposable {
  #things: Disposable[] | undefined = [];

  /** @returns the thing, which ends with the stack */
  use<Thing extends Disposable>(thing: Thing): Thing {
    living(this.#things).push(thing);
    return thing;
  }

  /** @param end called at the end of the stack */
  defer(end: () => void): void {
    this.use({ [Symbol.dispose]: end });
  }

  /** @returns a stack of all that is in this one, which ends without doing anything */
  move(): CleanupStack {
    const moved = new CleanupStack();
    moved.#things = living(this.#things);
    this.#things = undefined;
    return moved;
  }

  [Symbol.dispose](): void {
    const things = this.#things ?? [];
    this.#things = undefined;
    endAll(things);
  }
}

/** The same for ends that take time: each begins when the one before it has come. */
export class AsyncCleanupStack implements AsyncDisposable {
  #things: (Disposable | AsyncDisposable)[] | undefined = [];

  /** @returns the thing, which ends with the stack */
  use<Thing extends Disposable | AsyncDisposable>(thing: Thing): Thing {
    living(this.#things).push(thing);
    return thing;
  }

  /** @param end called at the end of the stack */
  defer(end: () => void | Promise<void>): void {
    this.use({ [Symbol.asyncDispose]: async () => await end() });
  }

  /** @returns a stack of all that is in this one, which ends without doing anything */
  move(): AsyncCleanupStack {
    const moved = new AsyncCleanupStack();
    moved.#things = living(this.#things);
    this.#things = undefined;
    return moved;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const things = this.#things ?? [];
    this.#things = undefined;
    await endAllInTurn(things);
  }
}

function living<Thing>(things: Thing[] | undefined): Thing[] {
  if (things === undefined) throw new ReferenceError("this stack has ended or was moved");
  return things;
}

/** Each end has a block of its own, which ends with what the ones before it have thrown. */
function endAll(things: readonly Disposable[]): void {
  let thrown: { readonly error: unknown } | undefined;
  for (const thing of things.toReversed()) {
    try {
      using _thing = thing;
      if (thrown) throw thrown.error;
    } catch (error) {
      thrown = { error };
    }
  }
  if (thrown) throw thrown.error;
}

async function endAllInTurn(things: readonly (Disposable | AsyncDisposable)[]): Promise<void> {
  let thrown: { readonly error: unknown } | undefined;
  for (const thing of things.toReversed()) {
    try {
      await using _thing = thing;
      if (thrown) throw thrown.error;
    } catch (error) {
      thrown = { error };
    }
  }
  if (thrown) throw thrown.error;
}
