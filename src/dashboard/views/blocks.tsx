import { Block } from './block.tsx'
import { BlockList } from './block-list.tsx'

export const Blocks = ({ argument }: { argument: string }) => (argument === '' ? <BlockList /> : <Block at={argument} />)
