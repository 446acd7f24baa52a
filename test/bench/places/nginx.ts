import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { findProgram, freePort, onPort, type Place, startProgram } from './place.ts'

/** nginx as people put it before the socket: locations by regular expression, streams unbuffered. */
export const NGINX: Place = {
  name: 'nginx',
  ways: ['nginx'],
  about: 'nginx, locations by regular expression, an access log, no authentication',
  missing: () => (findProgram('nginx') === null ? 'nginx is not installed' : null),
  async start({ folder, socket }) {
    const port = await freePort()
    const file = path.join(folder, 'nginx.conf')
    writeFileSync(file, configuration(folder, socket, port))
    const argv = [findProgram('nginx') ?? 'nginx', '-p', folder, '-e', path.join(folder, 'error.log'), '-c', file]
    const running = await startProgram(argv, folder, port)
    return { ...running, ways: [{ name: 'nginx', target: onPort(port), headers: '' }] }
  },
}

const configuration = (folder: string, socket: string, port: number) => `
daemon off;
worker_processes auto;
pid ${folder}/nginx.pid;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 8192; }
http {
  access_log ${folder}/access.log;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  upstream engine { server unix:${socket}; }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 0;
    keepalive_requests 1000000;
    location ~ ^(/v[0-9.]+)?/(_ping|version|info|containers|images|exec|events)(/|$) {
      proxy_pass http://engine;
      proxy_http_version 1.1;
      proxy_set_header Host docker;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 1d;
    }
    location / { return 403; }
  }
}
`
