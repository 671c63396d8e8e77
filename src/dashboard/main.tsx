import 'uplot/dist/uPlot.min.css'
import './base.css'
import './shell.css'
import './parts.css'
import './views.css'
import './more-views.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { feed } from './feed.ts'
import { applyTheme } from './theme.ts'

applyTheme()
const place = document.getElementById('app')
if (place !== null) {
  place.replaceChildren()
  render(<App />, place)
  if (!document.hidden) feed.start()
  // A browser has six connections for one address: tabs that nobody looks at must not hold them, nor the node.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) feed.pause()
    else feed.start()
  })
}
