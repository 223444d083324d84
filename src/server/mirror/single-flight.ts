/** Work by key, of which all who ask for it meanwhile get the one result. */
export function createSingleFlight<Result>(): (key: string, work: () => Promise<Result>) => Promise<Result> {
  const running = new Map<string, Promise<Result>>();
  return (key, work) => {
    let flight = running.get(key);
    if (!flight) running.set(key, (flight = work().finally(() => running.delete(key))));
    return flight;
  };
}
