import { useEffect, useState } from 'preact/hooks'

export type Theme = 'auto' | 'light' | 'dark'

const KEY = 'quorate.theme'
const listeners = new Set<() => void>()

/** Storage may be off: then the choice lasts as long as the page. */
function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'light' || value === 'dark' ? value : 'auto'
  } catch {
    return 'auto'
  }
}

let current: Theme = stored()

export function applyTheme(): void {
  if (current === 'auto') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = current
}

function setTheme(theme: Theme): void {
  current = theme
  try {
    if (theme === 'auto') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, theme)
  } catch {
    // Kept in memory.
  }
  applyTheme()
  for (const listener of listeners) listener()
}

const prefersDark = matchMedia('(prefers-color-scheme: dark)')

/** The choice, what it comes to, and how to change it. Renders again when the system's preference changes. */
export function useTheme(): { readonly theme: Theme; readonly isDark: boolean; readonly set: (theme: Theme) => void } {
  const [, render] = useState({})
  useEffect(() => {
    const listener = () => render({})
    listeners.add(listener)
    prefersDark.addEventListener('change', listener)
    return () => {
      listeners.delete(listener)
      prefersDark.removeEventListener('change', listener)
    }
  }, [])
  return { theme: current, isDark: current === 'dark' || (current === 'auto' && prefersDark.matches), set: setTheme }
}
