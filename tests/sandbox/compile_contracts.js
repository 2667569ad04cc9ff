// Makes chain_contracts.json anew: node compile_contracts.js DIR, where DIR/node_modules holds the package solc (0.8.26). Needs no network.
const fs = require('fs'), path = require('path');
const solc = require(require.resolve('solc', { paths: [path.resolve(process.argv[2] || '.')] }));
const name = 'chain_contracts.sol';
const out = JSON.parse(solc.compile(JSON.stringify({
  language: 'Solidity',
  sources: { [name]: { content: fs.readFileSync(path.join(__dirname, name), 'utf8') } },
  settings: {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: 'paris',
    metadata: { bytecodeHash: 'none', appendCBOR: false },
    outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.methodIdentifiers'] } },
  },
})));
const bad = (out.errors || []).filter((e) => e.severity === 'error');
if (bad.length) throw new Error(bad.map((e) => e.formattedMessage).join('\n'));
const made = {};
for (const [contract, { evm }] of Object.entries(out.contracts[name]))
  if (evm.bytecode.object) made[contract] = { creation: '0x' + evm.bytecode.object, code: '0x' + evm.deployedBytecode.object, methods: evm.methodIdentifiers };
fs.writeFileSync(path.join(__dirname, 'chain_contracts.json'), JSON.stringify(made, null, 1) + '\n');
