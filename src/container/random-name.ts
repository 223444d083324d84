const ADJECTIVES = `
able agile airy amber ample brave breezy bright brisk calm candid cheery clear clever cosy crisp deft eager early earnest
easy fair fearless fine fleet fond frank free fresh gentle glad golden grand handy happy hardy hearty honest humble jolly
jovial keen kind level light lively loyal lucid lucky merry mellow mild mindful modest neat nimble noble patient plucky
polite proud prudent quick quiet ready regal robust rosy sharp silent silver smooth snug sober spry steady stoic sturdy
sunny supple sure swift tender thrifty tidy trusty upbeat vivid warm wise witty worthy zesty
`.trim().split(/\s+/);

/** Seafarers, and people who made what seafarers rely on. */
const NAMES = `
amundsen aristotle banks baret barents baudin bering blackwood bougainville bowditch cabot cartier champlain columba cook
coriolis dampier darwin davis diaz drake earle ekman ericson erikson eudoxus fitzroy flinders franklin frobisher galileo
gama hadley halley harrison hasler hipparchus hooke hudson ibnmajid kelvin kepler lamarr laperouse lind lovelace magellan
marconi maskelyne maury mercator moitessier munk nansen nelson newton nunes peary picard pinzon polo ptolemy pytheas
quiros raleigh ross scott shackleton slocum somerville tabei tasman tereshkova torricelli tupaia vancouver vespucci
wallis weddell worsley xuande zhenghe
`.trim().split(/\s+/);

/** A container's name in docker's manner, `brisk_halley`; with a digit behind it from the second try on. */
export function randomName(tries: number, random: () => number = Math.random): string {
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)]!;
  return `${pick(ADJECTIVES)}_${pick(NAMES)}${tries === 0 ? "" : Math.floor(random() * 10 ** Math.min(tries, 9))}`;
}
