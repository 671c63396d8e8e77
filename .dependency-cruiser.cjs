/**
 * The import law of the house: a room imports only from rooms below it. CONTRIBUTING.md has the table for people.
 * `npm run lint:layers` runs it through scripts/check-layers.ts, which also counts the modules that were read.
 */
const roomsBelow = {
  base: [],
  wire: ['base', 'crypto'],
  crypto: ['base'],
  ledger: ['base', 'wire', 'crypto'],
  consensus: ['base', 'wire', 'crypto'],
  mempool: ['base', 'wire'],
  ports: ['base', 'wire'],
  adapters: ['base', 'wire', 'crypto', 'ports'],
  api: ['base', 'wire', 'ports'],
  node: ['base', 'wire', 'crypto', 'ledger', 'consensus', 'mempool', 'ports', 'adapters', 'api', 'client'],
  // What asks a node's HTTP API: no Node and no DOM, so that it serves the commands, the page and other programs alike.
  client: ['base', 'wire', 'api'],
  cli: ['base', 'wire', 'ports', 'api', 'node', 'client'],
  // The page checks signatures itself, with the same pure code as the node.
  dashboard: ['base', 'wire', 'crypto', 'consensus', 'api', 'client'],
  // What programs import as the package.
  library: ['base', 'wire', 'ports', 'api', 'node', 'client'],
  // What breaks the rules on purpose, a program of its own: it may use everything, and nothing uses it.
  adversary: ['base', 'wire', 'crypto', 'ledger', 'consensus', 'mempool', 'ports', 'adapters', 'api', 'node', 'client', 'cli'],
}

const pureRooms = ['base', 'wire', 'ledger', 'consensus', 'mempool']

/** Packages with a single home, so that replacing one touches one folder. */
const homes = [
  { name: 'libp2p', home: 'src/adapters/libp2p/', packages: 'libp2p|@libp2p/[^/]+|@chainsafe/libp2p-[^/]+' },
  { name: 'database', home: 'src/adapters/', packages: 'classic-level' },
  { name: 'native-crypto', home: 'src/crypto/', packages: 'sodium-native|@chainsafe/blst' },
  { name: 'http', home: 'src/api/', packages: 'fastify|@fastify/[^/]+|typebox' },
  { name: 'page', home: 'src/dashboard/', packages: 'preact|uplot|d3-force' },
  { name: 'commands', home: 'src/cli/', packages: 'commander' },
]

/** A package as resolved under node_modules, or by its bare name where it is not installed. */
const packagePath = (names) => `(^|node_modules/)(${names})(/|$)`

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.entries(roomsBelow).map(([room, below]) => ({
      name: `room-${room}`,
      comment: `src/${room} may import from: ${below.join(', ') || 'no other room'}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^src/(${[room, ...below].join('|')})/` },
    })),
    {
      name: 'known-room',
      comment: 'Every file under src is in a room that this law knows',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: `^src/(${Object.keys(roomsBelow).join('|')})/` },
    },
    {
      name: 'known-room-from',
      comment: 'Every file under src is in a room that this law knows',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${Object.keys(roomsBelow).join('|')})/` },
      to: {},
    },
    {
      name: 'pure-no-node',
      comment: 'A pure room has no Node: no timers, sockets or files. Make it an input, an effect or a parameter',
      severity: 'error',
      from: { path: `^src/(${pureRooms.join('|')})/` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-no-package',
      comment: 'A pure room imports no npm package',
      severity: 'error',
      from: { path: `^src/(${pureRooms.join('|')})/` },
      to: { path: '(^|/)node_modules/' },
    },
    ...homes.map(({ name, home, packages }) => ({
      name: `home-of-${name}`,
      comment: `Only ${home} may import this package; everyone else goes through an interface in src/ports`,
      severity: 'error',
      from: { path: '^src/', pathNot: `^${home}` },
      to: { path: packagePath(packages) },
    })),
    {
      name: 'browser-without-server',
      comment: 'What also runs in a browser takes types of the API, not its server',
      severity: 'error',
      from: { path: '^src/(client|dashboard)/' },
      to: { path: '^src/api/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'browser-without-node',
      comment: 'What also runs in a browser uses nothing of Node',
      severity: 'error',
      from: { path: '^src/(client|dashboard)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'program-without-adversary',
      comment: 'Nothing that breaks the rules on purpose is within reach of the program that people run',
      severity: 'error',
      from: { path: '^src/cli/(main|program)[.]ts$' },
      to: { path: '^src/adversary/', reachable: true },
    },
    {
      name: 'src-not-to-test',
      comment: 'Nothing in src imports test or scripts',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'no-cycle',
      comment: 'No cycles, of types either',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-resolvable',
      comment: 'An import that leads nowhere would escape the other rules',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types', 'typings'],
    },
  },
}
