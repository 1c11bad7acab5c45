#!/usr/bin/env node
// A file of its own: npm's commands on Windows call a file, so that the link's name would be lost there.
import './run.js';
