# Makes a throw-away host a telephone company; its files are in /root/itsp.
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --no-install-recommends -y -t sid asterisk asterisk-modules nftables >/dev/null 2>&1
systemctl stop asterisk
cd /etc/asterisk
rm -rf ./*
cp /root/itsp/* .
for name in asterisk ccss cel udptl acl features indications musiconhold pjproject stasis dnsmgr extconfig sorcery codecs; do
    [ -e $name.conf ] || : >$name.conf
done
printf "[modules]\nautoload=yes\nnoload=chan_iax2.so\n" >modules.conf
printf '[general]\n[logfiles]\nseen => notice\n' >logger.conf
printf '[general]\nrtpstart=31000\nrtpend=31200\n' >rtp.conf
chown -R asterisk: .
chmod 640 itsp.key
systemctl start asterisk
