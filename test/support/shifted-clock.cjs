// Preloaded (NODE_OPTIONS=--require) into a process whose clock is to be wrong by SHIFTED_CLOCK seconds, threads included.
const shift = Number(process.env.SHIFTED_CLOCK) * 1000;
const Real = Date;
globalThis.Date = class Date extends Real {
  constructor(...given) {
    if (given.length === 0) super(Real.now() + shift);
    else super(...given);
  }
  static now() {
    return Real.now() + shift;
  }
};
