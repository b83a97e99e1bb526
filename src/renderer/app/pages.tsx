import { Boxes, Compass, Container, HardDrive, House, Layers, Network, Plug, Puzzle, Settings } from 'lucide-react';
import type { ReactNode } from 'react';

export interface PageEntry {
  readonly path: string;
  readonly label: string;
  readonly icon: ReactNode;
}

/** The pages of the sidebar in order; Ctrl/Cmd+1..9 go to them. Settings has Ctrl+, and stands apart. */
export const pages: readonly PageEntry[] = [
  { path: '/', label: 'Home', icon: <House /> },
  { path: '/containers', label: 'Containers', icon: <Container /> },
  { path: '/images', label: 'Images', icon: <Layers /> },
  { path: '/registry', label: 'Registry', icon: <Compass /> },
  { path: '/volumes', label: 'Volumes', icon: <HardDrive /> },
  { path: '/networks', label: 'Networks', icon: <Network /> },
  { path: '/extensions', label: 'Extensions', icon: <Puzzle /> },
  { path: '/plugins', label: 'Plugins', icon: <Plug /> },
];
export const settingsPage: PageEntry = { path: '/settings', label: 'Settings', icon: <Settings /> };
export const brandIcon = <Boxes />;
