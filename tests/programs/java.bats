#!/usr/bin/env bats
# Java's SunPKCS11: keytool lists the card, jarsigner signs with it, a TLS client logs in.

load stage.sh

setup_file() {
	stage_needs keytool jarsigner
	stage_up
	stage_server
	cd "$STAGE" || exit 1
	printf 'name = Sojourn\nlibrary = %s\n' "$MODULE" > java.cfg
	keytool -importcert -noprompt -alias server -file server.pem -keystore trust.p12 \
		-storetype PKCS12 -storepass changeit
	keytool -importcert -noprompt -alias clients -file "$CA" -keystore trust.p12 \
		-storetype PKCS12 -storepass changeit
}

teardown_file() {
	stage_down
}

setup() {
	cd "$STAGE" || exit 1
}

# keytool with the card as its key store.
on_card() {
	timeout 60 "$@" -keystore NONE -storetype PKCS11 -storepass "$PIN" \
		-addprovider SunPKCS11 -providerArg java.cfg
}

AUTHENTICATION='PIV Authentication' RSA='Retired Key Management 1'

@test "keytool lists the card's keys" {
	run on_card keytool -list
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c PrivateKeyEntry <<< "$output")" -ge 2 ]
}

@test "keytool makes a request with the card's key" {
	on_card keytool -certreq -alias "$AUTHENTICATION" -file ec.csr
	openssl req -in ec.csr -noout -verify
}

@test "jarsigner signs with an EC and an RSA key" {
	local key
	for key in "$AUTHENTICATION" "$RSA"; do
		echo text > text
		jar cf text.jar text
		run on_card jarsigner text.jar "$key"
		echo "$output"
		[ "$status" -eq 0 ]
		run jarsigner -verify -verbose -certs -keystore trust.p12 -storepass changeit text.jar
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output == *'jar verified'* ]]
	done
}

@test "a TLS client logs in" {
	cat > Client.java <<-JAVA
		import java.io.*;
		import java.net.*;
		public class Client {
		    public static void main(String[] args) throws Exception {
		        System.out.print(new String(new URL(args[0]).openStream().readAllBytes()));
		    }
		}
	JAVA
	cat > java.security <<-CONF
		ssl.KeyManagerFactory.algorithm=NewSunX509
		security.provider.13=SunPKCS11 $PWD/java.cfg
	CONF
	run timeout 60 java -Djava.security.properties=java.security -Djavax.net.ssl.keyStore=NONE \
		-Djavax.net.ssl.keyStoreType=PKCS11 -Djavax.net.ssl.keyStorePassword="$PIN" \
		-Djavax.net.ssl.trustStore=trust.p12 -Djavax.net.ssl.trustStorePassword=changeit \
		-Djavax.net.ssl.trustStoreType=PKCS12 Client.java "https://localhost:$PORT/"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "in: $HOLDER" ]
}
