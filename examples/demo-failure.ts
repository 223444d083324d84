/** What ends the demo, with what to do about it. */
export class DemoFailure extends Error {
  readonly advice: string;
  constructor(message: string, advice: string) {
    super(message);
    this.advice = advice;
  }
}
