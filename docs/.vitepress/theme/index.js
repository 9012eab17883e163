// The default theme, with the system's fonts and a few rules of our own.

import theme from 'vitepress/theme-without-fonts';
import './style.css';

export default theme;
