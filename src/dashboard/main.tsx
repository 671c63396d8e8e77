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
  feed.start()
}
